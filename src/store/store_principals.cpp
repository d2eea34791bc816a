// What a store does with all sessions of a principal (PROTOCOL.md, "Principals").
#include "store/core.hpp"
#include "store/times.hpp"

#include <sess/store.hpp>

#include <exception>
#include <string_view>
#include <vector>

namespace sess {

std::vector<SessionEntry> Store::sessions_of(std::string_view principal) const {
  const SessionKey owner = core_->keys().principal_key(principal);
  std::vector<SessionEntry> sessions;
  for (const SessionKey& key : core_->principals().listed(owner)) {
    const backend::ReadResult read = core_->records().read(key);
    if (read.outcome != Outcome::ok || SessionKey(read.version.header.principal) != owner) continue;
    if (usability(read.version, core_->records().now()) != Outcome::ok) continue;
    sessions.push_back({key, to_facts(read.version), format::header_size + read.version.payload.size(), {}});
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
  const auto ended = core_->principals().end_all(owner, except);
  if (!ended) return ended.status();
  kept.record.reset();
  Status worst = ended.status();
  std::exception_ptr failure;
  for (const SessionKey& key : *ended) {
    try {
      // Alone: what it was regenerated to is in the list as well, or the exception.
      const backend::RemoveResult removed = core_->records().remove(key, core_->options().lock_timeout, true);
      const Status status(removed.outcome, removed.holder);
      if (status == Outcome::busy || (status == Outcome::durability_unknown && worst.ok())) worst = status;
    } catch (...) {
      // The others are ended all the same; the first failure is the one to tell.
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return worst;
}

}  // namespace sess
