#include "store/principals.hpp"

#include "format/header.hpp"
#include "store/times.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <exception>
#include <map>
#include <tuple>
#include <utility>

namespace sess {

namespace {

// A login that takes longer than this from its decision to its session is not refused by an end of all sessions in
// between: nobody remembers it any more.
constexpr std::int64_t memory_of_end = 24 * 60 * 60 * 1000;  // milliseconds

// A list that has grown to this size, or to a power of two above it, is looked through for sessions that have ended.
constexpr std::size_t first_look = 32;

// Somebody else makes the record between the look and the making: once, or it is being swept all the time.
constexpr int attempt_limit = 64;

using Listed = format::PrincipalEntry::Session;

// A session that does not verify is being put right, or written to all the time, by somebody who has its lock. Waited
// for in short turns: whoever has that lock may himself come to wait for the lock that the waiter has.
constexpr std::chrono::milliseconds turn{10};
constexpr int turn_limit = 500;

/// Nothing where there is no session (any more).
std::optional<format::Header> header_of(const backend::RecordStore& sessions, const SessionKey& session) {
  for (int i = 0; i < turn_limit; ++i) {
    backend::ReadResult read = sessions.read(session, turn);
    if (read.outcome == Outcome::ok) return read.version.header;
    if (read.outcome == Outcome::absent) return std::nullopt;
  }
  throw IoError("read", "session " + session.to_string(), EWOULDBLOCK);
}

/// Sessions of one principal that a visit has met, which is in no order of theirs.
class Met {
 public:
  void add(const format::Header& session) {
    sessions_.push_back({session.created, session.deadline, session.key});
    deadline_ = std::max(deadline_, session.absolute_deadline);
  }
  /// The last moment of them all; milliseconds since 1970.
  std::int64_t deadline() const { return deadline_; }
  /// Adds them to a list, the oldest first. What was regenerated is as old as what it has become, and ends sooner.
  void append_to(format::PrincipalEntry& entry) {
    std::ranges::sort(sessions_, {},
                      [](const Session& session) { return std::tie(session.created, session.deadline); });
    for (const Session& session : sessions_) entry.sessions.push_back({session.key, entry.ended});
  }

 private:
  struct Session {
    std::int64_t created;
    std::int64_t deadline;
    SessionKey key;
  };
  std::vector<Session> sessions_;
  std::int64_t deadline_ = 0;
};

/// How often all sessions have been ended, where it is not known: more often than any login can have read.
std::uint64_t beyond_all(std::int64_t now) { return static_cast<std::uint64_t>(std::max<std::int64_t>(now, 1)); }

/// The first version of a principal's record; payload and durability are to be added.
backend::NewVersion first_version(const SessionKey& principal, std::int64_t now, std::int64_t deadline) {
  backend::NewVersion first;
  first.header.kind = SessionKind::authenticated;
  first.header.key = principal;
  first.header.created = now;
  first.header.deadline = first.header.absolute_deadline = deadline;
  first.header.idle_timeout = std::max<std::int64_t>(deadline - now, 1);
  return first;
}

}  // namespace

NewEntry entry_of(const format::Header& session) {
  return {SessionKey(session.principal), session.key, session.absolute_deadline};
}

void visit_headers(const backend::RecordStore& sessions, const std::function<void(const format::Header&)>& visit) {
  const auto visit_one = [&](const backend::Listed& listed) {
    if (listed.version) {
      visit(listed.version->header);
    } else if (const auto header = header_of(sessions, listed.key)) {
      visit(*header);
    }
    return true;
  };
  sessions.visit(visit_one, nullptr);  // a list that lacks some must not be made
}

void enter_all(const backend::RecordStore& sessions, const backend::RecordStore& index) {
  const std::int64_t now = index.now();
  std::map<SessionKey::Bytes, Met> principals;
  visit_headers(sessions, [&](const format::Header& header) {
    if (header.principal != format::PrincipalHash{}) principals[header.principal].add(header);
  });
  for (auto& [principal, met] : principals) {
    format::PrincipalEntry entry{beyond_all(now)};
    met.append_to(entry);
    const std::vector<std::byte> payload = format::encode_principal(entry);
    backend::NewVersion first = first_version(SessionKey(principal), now, met.deadline());
    first.payload = payload;
    Outcome outcome = Outcome::ok;
    if (!index.create(first, outcome))
      throw StoreError(StoreError::Reason::unusable,
                       "make index: principal " + first.header.key.to_string() + " is there already");
  }
}

Result<format::PrincipalEntry> Principals::look(const SessionKey& principal) const {
  const backend::ReadResult read = index_.read(principal);
  if (read.outcome == Outcome::busy) return Status(Outcome::busy, read.holder);
  if (read.outcome == Outcome::absent) return format::PrincipalEntry{};
  if (!read.damaged)
    if (auto entry = format::decode_principal(read.version.payload)) return *std::move(entry);
  Locked locked = lock(principal);
  if (!locked.status.ok()) return locked.status;
  format::PrincipalEntry entry = locked.entry;
  // Not only for the next: the number would be another one then.
  static_cast<void>(write(std::move(locked), principal, 0));
  return entry;
}

Result<std::uint64_t> Principals::ended(const SessionKey& principal) const {
  const auto entry = look(principal);
  if (!entry) return entry.status();
  return entry->ended;
}

Result<std::vector<SessionKey>> Principals::listed(const SessionKey& principal) const {
  const auto entry = look(principal);
  if (!entry) return entry.status();
  std::vector<SessionKey> keys;
  for (const Listed& session : entry->sessions) keys.push_back(session.key);
  return keys;
}

Principals::Locked Principals::lock(const SessionKey& principal) const {
  backend::LockResult locked = index_.lock(principal, timeout_);
  if (locked.outcome == Outcome::busy) return {{Outcome::busy, locked.holder}};
  if (!locked.record) return {Outcome::ok};
  Locked held{Outcome::ok, std::move(locked.record)};
  const backend::Version& version = held.record->version();
  held.deadline = version.deadline;
  // One that has expired still says how often.
  const auto entry = format::decode_principal(version.payload);
  if (entry) held.entry = *entry;
  if (locked.damaged || !entry) make_again(held, principal, version);
  return held;
}

/// The lock is held from before the visit until the record is written, and a login makes its session under it: so each
/// session of this principal is there when the visit begins.
void Principals::make_again(Locked& locked, const SessionKey& principal, const backend::Version& before) const {
  const bool is_known = before.header.generation > 0 && format::decode_principal(before.payload).has_value();
  // The version that is lost may have counted one more end: what was decided before that must not pass for new.
  const std::uint64_t last_known = locked.entry.ended;
  locked.entry.ended = is_known ? last_known + 1 : beyond_all(index_.now());
  // Those that are about to be ended stay so.
  for (Listed& session : locked.entry.sessions)
    if (session.since >= last_known) session.since = locked.entry.ended;
  Met missing;
  visit_headers(sessions_, [&](const format::Header& header) {
    if (SessionKey(header.principal) != principal) return;
    if (std::ranges::find(locked.entry.sessions, header.key, &Listed::key) == locked.entry.sessions.end())
      missing.add(header);
    locked.deadline = std::max(locked.deadline, header.absolute_deadline);
  });
  missing.append_to(locked.entry);
}

std::unique_ptr<backend::LockedRecord> Principals::write(Locked locked, const SessionKey& principal,
                                                         std::int64_t deadline) const {
  const std::int64_t now = index_.now();
  const std::vector<std::byte> payload = format::encode_principal(locked.entry);
  const std::int64_t until = std::max(deadline, locked.deadline);
  backend::NewVersion next = first_version(principal, now, until);
  next.payload = payload;
  next.durable = next.or_throw = true;
  Outcome outcome = Outcome::ok;  // never anything else
  if (!locked.record) return index_.create(next, outcome);
  if (locked.record->version().header.generation > 0) {
    next.header = locked.record->version().header;
    next.header.deadline = next.header.absolute_deadline = until;
  }
  static_cast<void>(locked.record->commit(next));
  return std::move(locked.record);
}

Principals::State Principals::state_of(const SessionKey& session, const SessionKey& principal) const {
  try {
    // Not waited for: the caller has the principal's lock.
    const backend::ReadResult read = sessions_.read(session, std::chrono::nanoseconds(0));
    if (read.outcome == Outcome::absent) return State::ended;
    if (read.outcome != Outcome::ok) return State::unreadable;
    if (SessionKey(read.version.header.principal) != principal) return State::ended;
    // One past its deadline may be locked and committed yet, or the clock may be wrong just now.
    return usability(read.version, sessions_.now()) == Outcome::ok ? State::live : State::expired;
  } catch (const Error&) {
    return State::unreadable;
  }
}

void Principals::drop_ended(format::PrincipalEntry& entry, const SessionKey& principal) const {
  std::erase_if(entry.sessions,
                [&](const Listed& session) { return state_of(session.key, principal) == State::ended; });
}

std::size_t Principals::older(const format::PrincipalEntry& entry, std::int64_t created) const {
  std::size_t place = entry.sessions.size();
  for (std::size_t i = place; i-- > 0;) {
    try {
      // Not waited for, as in state_of.
      const backend::ReadResult read = sessions_.read(entry.sessions[i].key, std::chrono::nanoseconds(0));
      if (read.outcome != Outcome::ok) continue;
      if (read.version.header.created <= created) break;
      place = i;
    } catch (const Error&) {
      continue;
    }
  }
  return place;
}

std::size_t Principals::live(const format::PrincipalEntry& entry, const NewEntry& login) const {
  return static_cast<std::size_t>(std::ranges::count_if(entry.sessions, [&](const Listed& session) {
    return session.key != login.replaces && state_of(session.key, login.principal) == State::live;
  }));
}

/// One that is locked just now is passed over: a request is at work with it, and nobody waits for it here. So is one
/// that cannot be ended: the new session, which is the last of the list, has been made by now.
Outcome Principals::end_oldest(const format::PrincipalEntry& entry, const NewEntry& login, std::size_t surplus) const {
  Outcome worst = Outcome::ok;
  for (std::size_t i = 0; surplus > 0 && i + 1 < entry.sessions.size(); ++i) {
    const SessionKey& session = entry.sessions[i].key;
    try {
      if (session == login.replaces) continue;
      const State state = state_of(session, login.principal);
      if (state == State::unreadable) worst = Outcome::durability_unknown;
      if (state != State::live) continue;
      const Outcome removed = sessions_.remove(session, std::chrono::nanoseconds(0), true).outcome;
      if (removed == Outcome::busy) continue;
      if (removed == Outcome::durability_unknown) worst = removed;
      --surplus;
    } catch (const std::exception&) {
      worst = Outcome::durability_unknown;  // the next oldest, then
    }
  }
  return worst;
}

Status Principals::enter(const NewEntry& entry, const Limit& limit, const std::function<Outcome()>& make) const {
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    Locked locked = lock(entry.principal);
    if (!locked.status.ok()) return locked.status;
    std::vector<Listed>& sessions = locked.entry.sessions;
    std::uint64_t since = entry.since;
    if (entry.continues) {
      const auto old = std::ranges::find(sessions, *entry.continues, &Listed::key);
      since = old == sessions.end() ? 0 : old->since;
    }
    // A larger number was read of a record that has been swept since: nobody knows what was ended meanwhile.
    if (since < locked.entry.ended || (!entry.continues && since > locked.entry.ended)) return Outcome::gone;
    // One that is brought from another store may have been entered before, by a program that was killed then.
    std::erase_if(sessions, [&](const Listed& session) { return session.key == entry.session; });
    const bool is_long = sessions.size() >= first_look && std::has_single_bit(sessions.size());
    if (limit.sessions > 0 || is_long) drop_ended(locked.entry, entry.principal);
    // A continuation takes the place of what it continues.
    const bool counts = !entry.continues && limit.sessions > 0;
    const std::size_t others = counts ? live(locked.entry, entry) : 0;
    const bool full = counts && others >= limit.sessions;
    if (full && limit.refuse) return Outcome::limit_reached;
    const std::size_t place = entry.created ? older(locked.entry, *entry.created) : sessions.size();
    sessions.insert(sessions.begin() + static_cast<std::ptrdiff_t>(place), {entry.session, since});
    const format::PrincipalEntry written = locked.entry;
    const auto held = write(std::move(locked), entry.principal, entry.deadline);
    if (!held) continue;
    const Outcome made = make();
    return full ? worse(made, end_oldest(written, entry, others + 1 - limit.sessions)) : made;
  }
  return Outcome::busy;
}

Status Principals::enter_existing(const NewEntry& entry) const {
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    Locked locked = lock(entry.principal);
    if (!locked.status.ok()) return locked.status;
    std::vector<Listed>& sessions = locked.entry.sessions;
    const bool is_listed = std::ranges::find(sessions, entry.session, &Listed::key) != sessions.end();
    if (is_listed && locked.deadline >= entry.deadline) return Outcome::ok;
    if (!is_listed) sessions.push_back({entry.session, locked.entry.ended});
    if (write(std::move(locked), entry.principal, entry.deadline)) return Outcome::ok;
  }
  return Outcome::busy;
}

Status Principals::enter_again(const NewEntry& entry, const std::function<void()>& make) const {
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    Locked locked = lock(entry.principal);
    if (!locked.status.ok()) return locked.status;
    std::vector<Listed>& sessions = locked.entry.sessions;
    const auto listed = std::ranges::find(sessions, entry.session, &Listed::key);
    // Of one that was dropped from the list nobody knows whether it was ended with the others.
    const std::uint64_t since = listed == sessions.end() ? 0 : listed->since;
    if (since < locked.entry.ended) return Outcome::gone;
    if (listed == sessions.end()) sessions.push_back({entry.session, since});
    const auto held = write(std::move(locked), entry.principal, entry.deadline);
    if (!held) continue;
    make();
    return Outcome::ok;
  }
  return Outcome::busy;
}

Status Principals::drop_ended(const SessionKey& principal) const {
  Locked locked = lock(principal);
  if (!locked.status.ok()) return locked.status;
  if (!locked.record) return Outcome::ok;
  drop_ended(locked.entry, principal);
  static_cast<void>(write(std::move(locked), principal, 0));
  return Outcome::ok;
}

Result<std::vector<SessionKey>> Principals::end_all(const SessionKey& principal,
                                                    const std::optional<SessionKey>& except) const {
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    Locked locked = lock(principal);
    if (!locked.status.ok()) return locked.status;
    ++locked.entry.ended;
    std::vector<SessionKey> to_end;
    for (Listed& session : locked.entry.sessions) {
      if (session.key == except) {
        session.since = locked.entry.ended;
      } else {
        to_end.push_back(session.key);
      }
    }
    if (write(std::move(locked), principal, index_.now() + memory_of_end)) return to_end;
  }
  return Outcome::busy;
}

}  // namespace sess
