// The index of principals: which sessions belong to whom, so that all of them can be found and ended.
//
// A principal has a record of its own, kept as sessions are (another RecordStore): what it holds is read, locked,
// committed, recovered and swept by the same protocol. Its lock is taken
//
//   - by a login, until the new session's record is there: first the entry, on disk, then the session. So a session
//   that
//     is there is listed, whenever a program is killed or the power cut.
//   - by the end of all sessions, while it counts this end and takes the list. A login that was decided before it and
//     comes to enter its session after it is refused.
//
// Locks: who holds a session's lock may wait for a principal's. Who holds a principal's only tries for a session's.
#pragma once

#include "backend/record_store.hpp"
#include "format/principal.hpp"

#include <sess/result.hpp>
#include <sess/session_id.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sess {

/// A session that is about to be made, or that there is.
struct NewEntry {
  SessionKey principal;
  SessionKey session;
  std::int64_t deadline = 0;  // absolute, of the session; milliseconds since 1970
  /// When the login was decided, in ends of all sessions (PrincipalEntry); or the session of which this one is to be
  /// the continuation, whose login counts.
  std::uint64_t since = 0;
  std::optional<SessionKey> continues = std::nullopt;
};

/// Of a session that there is; the principal is all zero if it has none.
NewEntry entry_of(const format::Header& session);

class Principals {
 public:
  struct Limit {
    std::size_t sessions = 0;  // 0: none
    bool refuse = false;       // the new one; else the oldest is ended
  };

  /// Both outlive it.
  Principals(const backend::RecordStore& index, const backend::RecordStore& sessions, std::chrono::nanoseconds timeout)
      : index_(index), sessions_(sessions), timeout_(timeout) {}

  /// How often all sessions of this principal have been ended, as far as is remembered (a day, and as long as one
  /// lives).
  std::uint64_t ended(const SessionKey& principal) const;
  /// Enters a session and has it made by `make`, which answers ok or durability_unknown. Answers that, or durability
  /// unknown of the entry; without `make` having run: gone, if all sessions were ended since the login was decided;
  /// limit_reached; busy.
  Status enter(const NewEntry& entry, const Limit& limit, const std::function<Outcome()>& make) const;
  /// Every session that is listed, there or not.
  std::vector<SessionKey> listed(const SessionKey& principal) const;
  /// From now on logins that were decided before are refused. Answers the sessions that are to be ended: all but
  /// `except`.
  Result<std::vector<SessionKey>> end_all(const SessionKey& principal, const std::optional<SessionKey>& except) const;
  /// Enters what is there and not listed; nothing for a session without a principal. ok, durability_unknown or busy.
  Status enter_existing(const NewEntry& entry) const;

 private:
  struct Locked {
    Status status;
    std::unique_ptr<backend::LockedRecord> record = nullptr;  // null: there is none, and `entry` is empty
    format::PrincipalEntry entry = {};
  };
  Locked lock(const SessionKey& principal) const;
  /// Writes the entry, on disk: a first one, or the next version. Null, and nothing is written, if somebody else has
  /// made a first one meanwhile.
  std::unique_ptr<backend::LockedRecord> write(Locked locked, const SessionKey& principal, std::int64_t deadline,
                                               Outcome& outcome) const;
  enum class State : std::uint8_t { live, ended, unknown };  // unknown: it may be live, now or later
  State state_of(const SessionKey& session, const SessionKey& principal) const;
  void drop_ended(format::PrincipalEntry& entry, const SessionKey& principal) const;
  std::size_t live(const format::PrincipalEntry& entry, const SessionKey& principal) const;
  void end_oldest(const format::PrincipalEntry& entry, const SessionKey& principal, std::size_t surplus) const noexcept;

  const backend::RecordStore& index_;
  const backend::RecordStore& sessions_;
  std::chrono::nanoseconds timeout_;
};

}  // namespace sess
