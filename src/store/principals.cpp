#include "store/principals.hpp"

#include "format/header.hpp"
#include "store/times.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <bit>
#include <exception>
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

format::PrincipalEntry decoded(const backend::Version& version) {
  auto entry = format::decode_principal(version.payload);
  if (!entry) throw CorruptRecord("principal " + version.header.key.to_string(), "it is no list of sessions");
  return *std::move(entry);
}

}  // namespace

NewEntry entry_of(const format::Header& session) {
  return {SessionKey(session.principal), session.key, session.absolute_deadline};
}

std::uint64_t Principals::ended(const SessionKey& principal) const {
  const backend::ReadResult read = index_.read(principal);
  return read.outcome == Outcome::ok ? decoded(read.version).ended : 0;
}

std::vector<SessionKey> Principals::listed(const SessionKey& principal) const {
  const backend::ReadResult read = index_.read(principal);
  if (read.outcome != Outcome::ok) return {};
  std::vector<SessionKey> keys;
  for (const Listed& session : decoded(read.version).sessions) keys.push_back(session.key);
  return keys;
}

Principals::Locked Principals::lock(const SessionKey& principal) const {
  backend::LockResult locked = index_.lock(principal, timeout_);
  if (locked.outcome == Outcome::busy) return {{Outcome::busy, locked.holder}};
  if (!locked.record) return {Outcome::ok};
  // One that has expired still says how often.
  format::PrincipalEntry entry = decoded(locked.record->version());
  return {Outcome::ok, std::move(locked.record), std::move(entry)};
}

std::unique_ptr<backend::LockedRecord> Principals::write(Locked locked, const SessionKey& principal,
                                                         std::int64_t deadline, Outcome& outcome) const {
  const std::int64_t now = index_.now();
  const std::vector<std::byte> payload = format::encode_principal(locked.entry);
  backend::NewVersion next;
  next.payload = payload;
  next.durable = true;
  if (locked.record) {
    next.header = locked.record->version().header;
    next.header.deadline = next.header.absolute_deadline = std::max(deadline, locked.record->version().deadline);
    outcome = locked.record->commit(next);
    return std::move(locked.record);
  }
  next.header.kind = SessionKind::authenticated;
  next.header.key = principal;
  next.header.created = now;
  next.header.deadline = next.header.absolute_deadline = deadline;
  next.header.idle_timeout = std::max<std::int64_t>(deadline - now, 1);
  return index_.create(next, outcome);
}

Principals::State Principals::state_of(const SessionKey& session, const SessionKey& principal) const {
  try {
    const backend::ReadResult read = sessions_.read(session);
    if (read.outcome == Outcome::absent) return State::ended;
    if (read.outcome != Outcome::ok) return State::unknown;
    if (SessionKey(read.version.header.principal) != principal) return State::ended;
    // One past its deadline may be locked and committed yet, or the clock may be wrong just now.
    return usability(read.version, sessions_.now()) == Outcome::ok ? State::live : State::unknown;
  } catch (const Error&) {
    return State::unknown;
  }
}

void Principals::drop_ended(format::PrincipalEntry& entry, const SessionKey& principal) const {
  std::erase_if(entry.sessions,
                [&](const Listed& session) { return state_of(session.key, principal) == State::ended; });
}

std::size_t Principals::live(const format::PrincipalEntry& entry, const SessionKey& principal) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      entry.sessions, [&](const Listed& session) { return state_of(session.key, principal) == State::live; }));
}

/// One that is locked just now is passed over: a request is at work with it, and nobody waits for it here. So is one
/// that cannot be ended: the new session, which is the last of the list, has been made by now.
void Principals::end_oldest(const format::PrincipalEntry& entry, const SessionKey& principal,
                            std::size_t surplus) const noexcept {
  for (std::size_t i = 0; surplus > 0 && i + 1 < entry.sessions.size(); ++i) {
    const SessionKey& session = entry.sessions[i].key;
    try {
      if (state_of(session, principal) != State::live) continue;
      if (sessions_.remove(session, std::chrono::nanoseconds(0), true).outcome != Outcome::busy) --surplus;
    } catch (const std::exception&) {
      // The next oldest, then.
    }
  }
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
    const bool is_long = sessions.size() >= first_look && std::has_single_bit(sessions.size());
    if (limit.sessions > 0 || is_long) drop_ended(locked.entry, entry.principal);
    // A continuation takes the place of what it continues.
    const bool counts = !entry.continues && limit.sessions > 0;
    const std::size_t others = counts ? live(locked.entry, entry.principal) : 0;
    const bool full = counts && others >= limit.sessions;
    if (full && limit.refuse) return Outcome::limit_reached;
    sessions.push_back({entry.session, since});
    const format::PrincipalEntry written = locked.entry;
    Outcome outcome = Outcome::ok;
    const auto held = write(std::move(locked), entry.principal, entry.deadline, outcome);
    if (!held) continue;
    outcome = worse(outcome, make());
    if (full) end_oldest(written, entry.principal, others + 1 - limit.sessions);
    return outcome;
  }
  return Outcome::busy;
}

Status Principals::enter_existing(const NewEntry& entry) const {
  if (entry.principal == SessionKey()) return Outcome::ok;
  for (int attempt = 0; attempt < attempt_limit; ++attempt) {
    Locked locked = lock(entry.principal);
    if (!locked.status.ok()) return locked.status;
    std::vector<Listed>& sessions = locked.entry.sessions;
    const bool is_listed = std::ranges::find(sessions, entry.session, &Listed::key) != sessions.end();
    if (is_listed && locked.record && locked.record->version().deadline >= entry.deadline) return Outcome::ok;
    if (!is_listed) sessions.push_back({entry.session, locked.entry.ended});
    Outcome outcome = Outcome::ok;
    if (write(std::move(locked), entry.principal, entry.deadline, outcome)) return outcome;
  }
  return Outcome::busy;
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
    Outcome outcome = Outcome::ok;
    if (write(std::move(locked), principal, index_.now() + memory_of_end, outcome)) return {std::move(to_end), outcome};
  }
  return Outcome::busy;
}

}  // namespace sess
