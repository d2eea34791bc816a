// The index of principals: which sessions belong to whom, so that all of them can be found and ended.
//
// A principal has a record of its own, kept as sessions are (another RecordStore): what it holds is read, locked,
// committed, recovered and swept by the same protocol. Its lock is taken
//
//   - by a login, until the new session's record is there: first the entry, on disk, then the session. So a session
//     that is there is listed, whenever a program is killed or the power cut.
//   - by the end of all sessions, while it counts this end and takes the list. A login that was decided before it and
//     comes to enter its session after it is refused.
//
// The list may say too much and never too little. So a principal's record that does not verify is not recovered: its
// version before could lack a session. It is written anew from the sessions themselves, by who meets it.
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
  /// A session that is to be superseded by this one: it does not count, and is not ended as the oldest.
  std::optional<SessionKey> replaces = std::nullopt;
  /// Of a session that was made before, in another store: its place in the list, which has the oldest first, is before
  /// those that were made later. Milliseconds since 1970.
  std::optional<std::int64_t> created = std::nullopt;
};

/// Of a session that there is; the principal is all zero if it has none.
NewEntry entry_of(const format::Header& session);

/// Visits the header of every session that there is, also of those that have to be recovered first: what can be live,
/// now or later, is not passed over. Throws IoError or UnsupportedRecord where it cannot be told whose a session is.
void visit_headers(const backend::RecordStore& sessions, const std::function<void(const format::Header&)>& visit);

/// Creates the records of all principals of these sessions in an index that is new, each once, and not synced. Keeps
/// all of them in memory until then: some 200 bytes for each session that has a principal.
void enter_all(const backend::RecordStore& sessions, const backend::RecordStore& index);

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
  /// lives); or busy.
  Result<std::uint64_t> ended(const SessionKey& principal) const;
  /// Enters a session and has it made by `make`, which answers ok or durability_unknown. Answers that, or
  /// durability_unknown where the oldest one is perhaps not ended for good; without `make`
  /// having run: gone, if all sessions were ended since the login was decided; limit_reached; busy. Throws IoError,
  /// also where nothing but the sync of the entry has failed: a session must not be there without it.
  Status enter(const NewEntry& entry, const Limit& limit, const std::function<Outcome()>& make) const;
  /// Every session that is listed, there or not; or busy.
  Result<std::vector<SessionKey>> listed(const SessionKey& principal) const;
  /// From now on logins that were decided before are refused. Answers the sessions that are to be ended: all but
  /// `except`.
  Result<std::vector<SessionKey>> end_all(const SessionKey& principal, const std::optional<SessionKey>& except) const;
  /// Enters what is there and not listed, or is to live longer. ok or busy. Throws as enter does.
  Status enter_existing(const NewEntry& entry) const;
  /// Has a session made again that was there before, by `make`, under the lock of its list, in which it is then. ok,
  /// busy, or gone: all sessions of its principal have been ended since it was entered, or perhaps. Throws as enter
  /// does.
  Status enter_again(const NewEntry& entry, const std::function<void()>& make) const;
  /// Drops the sessions that have ended from the list. ok or busy. Throws as enter does.
  Status drop_ended(const SessionKey& principal) const;

 private:
  struct Locked {
    Status status;
    std::unique_ptr<backend::LockedRecord> record = nullptr;  // null: there is none, and `entry` is empty
    format::PrincipalEntry entry = {};
    std::int64_t deadline = 0;  // the record lives at least so long; milliseconds since 1970
  };
  /// What does not verify has been made again, in memory.
  Locked lock(const SessionKey& principal) const;
  /// Without the lock, where that can be; what it has found damaged it puts right. Throws IoError if it cannot.
  Result<format::PrincipalEntry> look(const SessionKey& principal) const;
  /// Of a record that does not verify, from the sessions. `before`: the version of which it is not known whether it was
  /// the last; without a generation: there is none.
  void make_again(Locked& locked, const SessionKey& principal, const backend::Version& before) const;
  /// Writes the entry, on disk: a first one, or the next version. Null, and nothing is written, if somebody else has
  /// made a first one meanwhile. Throws IoError, also where only the sync has failed.
  std::unique_ptr<backend::LockedRecord> write(Locked locked, const SessionKey& principal, std::int64_t deadline) const;
  enum class State : std::uint8_t { live, ended, expired, unreadable };  // the last two may be live later
  State state_of(const SessionKey& session, const SessionKey& principal) const;
  /// How many of the list stay before one that was made then: those that cannot be read make no difference.
  std::size_t older(const format::PrincipalEntry& entry, std::int64_t created) const;
  void drop_ended(format::PrincipalEntry& entry, const SessionKey& principal) const;
  /// How many are, but for the one that is to be replaced.
  std::size_t live(const format::PrincipalEntry& entry, const NewEntry& login) const;
  /// ok, or durability_unknown where one of those is perhaps not ended, or not for good.
  Outcome end_oldest(const format::PrincipalEntry& entry, const NewEntry& login, std::size_t surplus) const;

  const backend::RecordStore& index_;
  const backend::RecordStore& sessions_;
  std::chrono::nanoseconds timeout_;
};

}  // namespace sess
