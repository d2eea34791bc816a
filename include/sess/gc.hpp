// Sweeping: the removal of expired sessions and of what crashes left behind.
#pragma once

#include <sess/export.hpp>
#include <sess/progress.hpp>
#include <sess/result.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>

namespace sess {

class Store;
struct SessionCopy;

struct GcOptions {
  /// Stop after about this long; the next sweep goes on from there. Zero: sweep everything. At least one
  /// shard is finished whatever the budget, so that repeated sweeps always get round.
  std::chrono::milliseconds budget{0};
  /// Only count what would be removed.
  bool dry_run = false;
  /// If the wall clock has been set ahead since the last sweep, by more than a minute beyond what the boot clock says,
  /// nothing is removed for so long: a clock that is set wrong for a while must not end every session. Zero trusts the
  /// clock, and ends a hold that is in force.
  std::chrono::milliseconds clock_hold = std::chrono::hours(1);
  /// The spare file of a session that has not been written or touched for so long is removed: half the inodes of a
  /// store whose sessions live for days. Its next commit makes another one. Zero: never.
  std::chrono::milliseconds spare_idle = std::chrono::hours(1);
  /// Is given each session that has expired (sess/transfer.hpp), under its lock, and it is removed when this returns.
  /// So each is given at least once: again where the sweep is killed in between, or a power cut undoes the removal.
  /// What this throws ends the sweep and comes out of it; the session stays. Not given, and left alone, are records
  /// whose values cannot be decoded (GcReport::unreadable); not given are sessions that end otherwise. Must not use the
  /// store.
  std::function<void(const SessionCopy&)> on_expired = nullptr;
  /// See there. Called while other sweepers find this one busy.
  OnProgress on_progress = nullptr;
};

/// What one sweep did.
struct GcReport {
  Status status;                // ok, or busy: another sweeper was at work and nothing was done
  std::uint64_t examined = 0;   // records whose deadline was looked at
  std::uint64_t expired = 0;    // records removed (with dry_run: that would be)
  std::uint64_t in_use = 0;     // past their deadline, but locked or renewed meanwhile: left alone
  std::uint64_t leftovers = 0;  // files removed that belong to no session: of killed programs, mostly
  std::uint64_t spares = 0;     // spare files of idle sessions removed
  /// Moved to quarantine: records that did not verify, and have no previous version, or one that has expired.
  std::uint64_t quarantined = 0;
  /// Left alone: records of a newer format, damaged ones of principals, damaged ones that their next use restores; see
  /// also on_expired.
  std::uint64_t unreadable = 0;
  std::uint64_t errors = 0;       // files that could not be examined or removed because of an I/O error
  std::string first_error;        // the message of the first of them
  std::uint32_t shards_done = 0;  // of all shards, how many this sweep finished
  bool complete = false;          // this sweep looked at every shard
  /// By how much the wall clock seems to have been set ahead, and how much longer nothing is removed because of it.
  /// Zero: the clock is trusted. Else this sweep has looked at nothing.
  std::chrono::milliseconds clock_jump{0};
  std::chrono::milliseconds held_for{0};
  std::chrono::microseconds duration{0};
};

/// What the store remembers of the sweep that ended last, of whichever program.
struct LastSweep {
  std::chrono::system_clock::time_point finished = {};
  std::chrono::milliseconds duration{0};
  std::uint64_t examined = 0;  // as in GcReport; of a sweep that had a budget, of a part of the store
  std::uint64_t expired = 0;
  std::uint64_t leftovers = 0;
};

/// That sweeps remove nothing, because the wall clock was set ahead: see GcOptions::clock_hold.
struct ClockHold {
  std::chrono::milliseconds jump{0};      // by how much it seems to have been set ahead
  std::chrono::milliseconds held_for{0};  // how much longer nothing is removed
};

/// What the sweeps did that ended in one hour.
struct SweptHour {
  std::chrono::system_clock::time_point begin = {};  // a whole hour in UTC
  std::uint64_t sweeps = 0;
  std::chrono::milliseconds duration{0};  // of all of them together; the rest as of LastSweep
  std::uint64_t examined = 0;
  std::uint64_t expired = 0;
  std::uint64_t leftovers = 0;
};

struct GcThreadOptions {
  std::chrono::milliseconds interval{60'000};                    // each pause is this, give or take a tenth
  std::chrono::milliseconds budget{200};                         // of each sweep
  std::chrono::milliseconds clock_hold = std::chrono::hours(1);  // see GcOptions
  /// Called in the thread after each sweep. Must not throw.
  std::function<void(const GcReport&)> on_report = nullptr;
  /// Called in the thread when a sweep throws; sweeping goes on at the next interval. Must not throw.
  std::function<void(std::exception_ptr)> on_error = nullptr;
};

/// Sweeps in a thread, first after one interval, until it is destroyed; the destructor waits for a running sweep, not
/// for the interval.
///
/// A forked child has no such thread: destroying its copy of this object is safe and does nothing. A program
/// that forks its workers may start one in each; the store lets only one sweep at a time.
class SESS_API GcThread {
 public:
  /// Throws UsageError for an interval out of range.
  explicit GcThread(Store store, GcThreadOptions options = {});
  GcThread(const GcThread&) = delete;
  GcThread& operator=(const GcThread&) = delete;
  ~GcThread();

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace sess
