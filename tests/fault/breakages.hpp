// Systems that hide from the library what has failed, or do what they should not: as if the library did not look at an
// answer, or did something wrong with it.
#pragma once

#include "machine.hpp"

#include <string>

namespace sess::test {

// 0, or all that was asked for, whatever has become of the call.
Breaking syncs_never_fail();
Breaking renames_never_fail();
Breaking unlinks_never_fail();
Breaking truncations_never_fail();
Breaking times_never_fail();
Breaking writes_are_never_short();
Breaking reads_never_fail();
Breaking listings_never_fail();

/// Descriptors stay open.
Breaking nothing_is_closed();
/// Locks stay announced.
Breaking nothing_is_withdrawn();
/// A file that cannot be opened is one that is not there.
Breaking errors_of_open_are_absence();
/// A file that cannot be locked is one that is locked.
Breaking errors_of_locks_are_locks();
/// Every error is EDOM.
Breaking errors_are_mixed_up();
/// An error is an exception.
Breaking errors_are_thrown();
/// A temp file that is to be removed is put where no sweep looks.
Breaking temporary_files_are_hidden();
/// A commit that failed leaves its version in the spare.
Breaking spares_are_never_cut();
/// Each read is done twice.
Breaking runs_differ();

}  // namespace sess::test
