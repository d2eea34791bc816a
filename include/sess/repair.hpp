// Repair: what verify finds is mended where that is safe, and set aside where it is not.
#pragma once

#include <sess/export.hpp>
#include <sess/verify.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sess {

/// A finding, and what repair has done about it; with RepairOptions::dry_run, what it would do.
struct Repaired {
  enum class Action : std::uint8_t {
    mended,       // restored, corrected or made again; nothing is lost that was not lost before
    quarantined,  // moved to quarantine: the session is gone, its files are kept
    removed,      // a file that a killed program left, or that belongs to no session
    left,         // left to a person, to a newer program, or to a later repair
    failed,       // it was tried; error_number
  };
  Finding finding;
  Action action = Action::left;
  std::string what = {};  // what was done, or why not: one sentence, lower case, without a full stop
  int error_number = 0;   // the errno, where the action is failed; EWOULDBLOCK where it is left because of a lock
};

/// The action's name as it stands in the enumeration.
SESS_API std::string_view to_string(Repaired::Action action) noexcept;

struct RepairOptions {
  /// Only say what would be done. Locks are taken as verify takes them, and nothing is written.
  bool dry_run = false;
  /// See VerifyOptions.
  unsigned jobs = 0;
  /// See there. Lists of principals are mended after the last part.
  OnProgress on_progress = nullptr;
};

struct RepairReport {
  VerifyReport verified;
  std::uint64_t mended = 0;  // findings by what was done about them
  std::uint64_t quarantined = 0;
  std::uint64_t removed = 0;
  std::uint64_t left = 0;
  std::uint64_t failed = 0;
};

/// Verifies (see verify) and acts on each finding before it calls `visit` for it. Whatever it changes it changes as the
/// protocol demands: it takes the lock of the record or the list, looks again, and acts on what it finds then; what has
/// been put right by somebody else meanwhile is not told. Programs go on using the store. One that is killed in it
/// leaves nothing half done: the next goes on.
///
/// - A damaged record is restored from its previous version, where that verifies; its damaged bytes are copied to
///   quarantine first. Otherwise the record and its spare are moved to quarantine.
/// - A list of a principal that is damaged, or lacks a session, is made right from the sessions; entries of
///   sessions that ended are dropped; a missing index is made again.
/// - A deadline beyond the absolute one of the version, or before its own, is set to that. One that is only
///   further ahead than a renewal would set it is left: the clock may be wrong.
/// - Permissions are set; missing directories and the file of the sweep are made.
/// - Leftovers go as a sweep removes them: older than ten minutes, and not locked.
/// - Files of other users, of newer formats, or with names that are not libsess's are left, as is what cannot be read.
///
/// Waits for each lock as long as StoreOptions::lock_timeout says. Throws what `visit` throws, after the threads have
/// ended.
SESS_API RepairReport repair(const Store& store, const RepairOptions& options,
                             const std::function<void(const Repaired&)>& visit);

}  // namespace sess
