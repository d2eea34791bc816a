// What a store does with all sessions of a principal (PROTOCOL.md, "Principals").
#include "format/header.hpp"
#include "store/core.hpp"
#include "store/endings.hpp"
#include "store/times.hpp"

#include <sess/store.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace sess {

namespace {

/// Each alone: what it was regenerated to is in the list as well, or is the exception.
void end_each(Endings& endings, const backend::RecordStore& sessions, const std::vector<SessionKey>& keys,
              std::chrono::nanoseconds timeout) {
  for (const SessionKey& key : keys) {
    endings.end([&] {
      const backend::RemoveResult removed = sessions.remove(key, timeout, true);
      return Status(removed.outcome, removed.holder);
    });
  }
}

/// Of these sessions the ones that are not `except` under another ID. A session that was regenerated can be read under
/// its earlier IDs, for the grace time, and they tell a login that the cookie of its new ID is on its way: if they were
/// ended, the answer that brings that cookie could put it in the place of the login's.
std::vector<SessionKey> others(const backend::RecordStore& sessions, std::vector<SessionKey> keys,
                               const std::optional<SessionKey>& except) {
  if (!except) return keys;
  std::erase(keys, *except);
  std::map<SessionKey::Bytes, SessionKey> earlier;  // by the key of what they go on as
  for (const SessionKey& key : keys) {
    const auto listed = sessions.look(key);
    if (listed && listed->version && listed->version->header.state == format::RecordState::superseded)
      earlier.emplace(listed->version->header.successor.bytes(), key);
  }
  for (auto at = earlier.find(except->bytes()); at != earlier.end();) {
    const SessionKey key = at->second;
    std::erase(keys, key);
    earlier.erase(at);
    at = earlier.find(key.bytes());
  }
  return keys;
}

/// The end is counted before anybody is ended, which needs a write; and where the disk is full, there is none before
/// somebody is ended. The lock of the exception is held, so the others are only tried.
Result<std::vector<SessionKey>> count_end(const Store::Core& core, const Principals& principals,
                                          const SessionKey& owner, const std::optional<SessionKey>& except) {
  try {
    return principals.end_all(owner, except);
  } catch (const IoError&) {
    const auto listed = principals.listed(owner);
    if (!listed) throw;
    Endings tried;
    end_each(tried, core.records(), others(core.records(), *listed, except), std::chrono::nanoseconds(0));
  }
  return principals.end_all(owner, except);
}

}  // namespace

Result<std::vector<SessionEntry>> Store::sessions_of(std::string_view principal) const {
  const SessionKey owner = core_->keys().principal_key(principal);
  const auto keys = core_->principals().listed(owner);
  if (!keys) return keys.status();
  const std::int64_t now = core_->records().now();
  std::vector<SessionEntry> sessions;
  for (const SessionKey& key : *keys) {
    const auto listed = core_->records().look(key);
    if (!listed) continue;
    if (listed->version && SessionKey(listed->version->header.principal) != owner) continue;
    if (listed->version && usability(*listed->version, now) != Outcome::ok) continue;
    sessions.push_back(to_entry(*listed));
  }
  return sessions;
}

Status Store::destroy_principal(std::string_view principal, const std::optional<SessionKey>& except) const {
  const SessionKey owner = core_->keys().principal_key(principal);
  // Held meanwhile: if it got a new ID just now, that would be one of the others.
  backend::LockResult kept;
  if (except) {
    kept = core_->records().lock(*except, core_->options().lock_timeout);
    if (kept.outcome != Outcome::ok) return {as_gone(kept.outcome), kept.holder};
    const Outcome outcome = usability(kept.record->version(), core_->records().now());
    if (outcome != Outcome::ok) return as_gone(outcome);
  }
  const auto to_end = count_end(*core_, core_->principals(), owner, except);
  if (!to_end) return to_end.status();
  kept.record.reset();
  backend::tell(core_->events(), [&] { return Event{.kind = Event::Kind::principal_ended, .principal = owner}; });
  Endings endings(to_end.status());
  end_each(endings, core_->records(), others(core_->records(), *to_end, except), core_->options().lock_timeout);
  return endings.answer();
}

}  // namespace sess
