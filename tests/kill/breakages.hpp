// What a killed process must not meet: the system calls of libsess in another order, or with something left out. Each
// is for one test, which shows that the kills find it.
#pragma once

#include "scene.hpp"

namespace sess::test {

/// A file gets its times after it has been given its name.
Breaking times_after_rename();
/// The name is absent for a moment: a rename is an unlink, a link and an unlink.
Breaking rename_by_unlink_and_link();
/// The new version is copied into the record.
Breaking exchange_by_copy();
/// Times are set to zero first.
Breaking times_in_two_steps();
/// A record is made under its own name at once.
Breaking creation_without_temporary_file();
/// A record is unlinked before its spare.
Breaking record_unlinked_before_spare();
/// Likewise moved to quarantine.
Breaking record_set_aside_before_spare();
/// The spare is unlinked before the record that is recovered from it is whole.
Breaking spare_unlinked_before_recovery(const Scene& scene);
/// What a killed writer has left in the spare is not looked at.
Breaking blind_to_killed_writers();
/// Temp files are never unlinked.
Breaking temporary_files_stay();
/// A child keeps the locks of the process that forks it.
Breaking fork_keeps_locks();
/// The file that makes a directory a store is there before it has any content.
Breaking store_file_without_content();

}  // namespace sess::test
