#include <sess/store.hpp>

#include "store/copies.hpp"
#include "store/core.hpp"
#include "store/session_state.hpp"
#include "store/times.hpp"

#include <sess/error.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace sess {

namespace {

// A touch that meets a lock tries again for so long: whoever holds the lock may roll back, be a stale waiter or a
// sweeper, so that busy does not mean that somebody else renews the session.
constexpr std::chrono::milliseconds touch_timeout{100};

// Sessions that follow one another within the grace time. More were made by a program that regenerates in a loop.
constexpr std::size_t chain_limit = 64;

/// A locked session that may be used, or the outcome that says why there is none.
struct LockedState {
  Status status;
  std::unique_ptr<Session::State> state = nullptr;
};

/// `sealing_for` answers what a sealed one is sealed with.
template <class SealingFor>
LockedState lock_usable(const std::shared_ptr<const Store::Core>& core, const SessionKey& key,
                        std::chrono::milliseconds timeout, const SealingFor& sealing_for) {
  backend::LockResult locked = core->records().lock(key, timeout);
  if (locked.outcome != Outcome::ok) return {Status(locked.outcome, locked.holder)};
  const Outcome outcome = usability(locked.record->version(), core->records().now());
  if (outcome != Outcome::ok) return {outcome};
  auto sealing = sealing_for(locked.record->version().header);
  return {Outcome::ok, Session::State::locked(core, std::move(locked.record), std::move(sealing))};
}

}  // namespace

Store::Store(std::shared_ptr<const Core> core) noexcept : core_(std::move(core)) {}

const StoreOptions& Store::options() const noexcept { return core_->options(); }

StoreFacts Store::facts() const { return core_->facts(); }

std::optional<SessionId> Store::parse(std::string_view text) const {
  auto id = core_->keys().check(text);
  if (!id) {
    backend::tell(core_->events(),
                  [&] { return Event{.kind = Event::Kind::refused_id, .sent = core_->keys().refusal_mark(text)}; });
  }
  return id;
}

Result<Snapshot> Store::snapshot(const SessionRef& session) const {
  const backend::ReadResult read = core_->records().read(session.key());
  if (read.outcome != Outcome::ok) return Status(read.outcome, read.holder);
  const Outcome outcome = usability(read.version, core_->records().now());
  if (outcome != Outcome::ok && outcome != Outcome::superseded) return outcome;
  auto sealing = sealing_of(read.version.header, session);
  auto values = decode_values_of(read.version, sealing.get());
  return {Snapshot(session.key(), to_facts(read.version), std::move(values), std::move(sealing)), outcome};
}

Result<SessionFacts> Store::facts_of(const SessionKey& key) const {
  const backend::ReadResult read = core_->records().read(key);
  if (read.outcome != Outcome::ok) return Status(read.outcome, read.holder);
  const Outcome outcome = usability(read.version, core_->records().now());
  if (outcome != Outcome::ok && outcome != Outcome::superseded) return outcome;
  return {to_facts(read.version), outcome};
}

Result<Session> Store::lock(const SessionRef& session, const LockOptions& options) const {
  LockedState locked =
      lock_usable(core_, session.key(), bounded(options.timeout.value_or(core_->options().lock_timeout)),
                  [&](const format::Header& header) { return sealing_of(header, session); });
  if (!locked.state) return locked.status;
  if (options.renew) locked.state->renew();
  return Session(std::move(locked.state));
}

Status Store::update(const SessionRef& session, const std::function<void(Editor&)>& change,
                     const CommitOptions& options) const {
  Result<Session> locked = lock(session, {.renew = false});  // the commit renews, or does not
  if (!locked) return locked.status();
  change(*locked);
  return locked->commit(options);
}

Status Store::merge(const Changes& changes, const CommitOptions& options) const {
  // Of nothing: a renewal, unless what is there is to be made safe or scrubbed.
  if (!changes.changed() && !options.scrub && options.durability != Durability::durable) {
    if (!options.renew) return Outcome::ok;
    const Status renewed = touch(changes.key());
    return renewed == Outcome::not_renewed ? Status(Outcome::ok) : Status(as_gone(renewed.outcome()));
  }
  // Sealed or not, a session is that for as long as it has this ID.
  const LockedState locked =
      lock_usable(core_, changes.key(), core_->options().lock_timeout, [&](const format::Header& header) {
        if (header.sealed && !changes.sealing_) throw SealedRecord(changes.key().to_string());
        if (!header.sealed && changes.sealing_)
          throw CorruptRecord("session " + changes.key().to_string(), "it was sealed, and is not any more");
        return changes.sealing_;
      });
  if (!locked.state) return {as_gone(locked.status.outcome()), locked.status.holder()};
  const auto merged = changes.apply_to(*locked.state->load());
  if (!merged) return Outcome::conflict;
  const Status status = locked.state->commit(*merged, changes, options);
  return {as_gone(status.outcome()), status.holder()};
}

Session Store::create(const CreateOptions& options) const {
  std::array<std::byte, format::random_part_size> random;
  core_->records().random(random);
  const auto idle_timeout = options.idle_timeout.value_or(core_->options().idle_timeout);
  const auto lifetime = options.lifetime.value_or(core_->options().lifetime);
  check_timeout(idle_timeout, "create session: idle timeout");
  check_timeout(lifetime, "create session: lifetime");

  auto state =
      Session::State::fresh(core_, core_->keys().issue(options.kind, random), idle_timeout.count(), lifetime.count());
  if (options.principal) {
    if (options.principal->empty() || options.kind != SessionKind::authenticated)
      throw UsageError("create session: a principal needs a name and an authenticated session");
    const SessionKey principal = core_->keys().principal_key(*options.principal);
    state->header.principal = principal.bytes();
    if (const auto ended = core_->principals().ended(principal)) state->since = *ended;
  }
  state->replaces = options.replaces;
  return Session(std::move(state));
}

Status Store::touch(const SessionKey& key) const {
  const backend::RecordStore& records = core_->records();
  const backend::ReadResult read = records.read(key);
  if (read.outcome == Outcome::absent) return Outcome::absent;
  if (read.outcome == Outcome::ok) {
    const Outcome outcome = usability(read.version, records.now());
    if (outcome != Outcome::ok) return outcome;
    if (!renewal_is_due(read.version, records.now())) return Outcome::ok;
  }
  const backend::LockResult locked = records.lock(key, touch_timeout);
  if (locked.outcome == Outcome::busy) return {Outcome::not_renewed, locked.holder};
  if (locked.outcome != Outcome::ok) return locked.outcome;
  const std::int64_t now = records.now();
  const backend::Version& version = locked.record->version();
  const Outcome outcome = usability(version, now);
  if (outcome == Outcome::ok && renewal_is_due(version, now))
    locked.record->set_deadline(renewed_deadline(version.header, now));
  return outcome;
}

Status Store::destroy(const SessionKey& key) const {
  const backend::RecordStore& records = core_->records();
  const auto timeout = core_->options().lock_timeout;
  // A session that was regenerated is ended from its last ID to its first: what is cut short can be done again.
  std::vector<SessionKey> chain{key};
  backend::RemoveResult removed = records.remove(key, timeout, false);
  while (removed.outcome == Outcome::superseded && chain.size() < chain_limit) {
    chain.push_back(removed.successor);
    removed = records.remove(chain.back(), timeout, false);
  }
  const Status status(removed.outcome, removed.holder);
  if (chain.size() == 1 || status == Outcome::busy) return status;
  // The walk has not come to the live one: nothing has been ended, and must not be said to be.
  if (status == Outcome::superseded) return Outcome::busy;
  // What was live has ended. One before it that somebody has locked just now stays as it is, frozen, for the rest of
  // its grace time: nobody can write to it, and it leads to nothing any more.
  Outcome worst = status == Outcome::absent ? Outcome::ok : status.outcome();
  for (; !chain.empty(); chain.pop_back())
    if (records.remove(chain.back(), timeout, true).outcome == Outcome::durability_unknown)
      worst = Outcome::durability_unknown;
  return worst;
}

Status Store::destroy_if(const SessionKey& key, const std::function<bool(const SessionFacts&)>& condition) const {
  // Values that are not read need no key to them.
  const LockedState locked =
      lock_usable(core_, key, core_->options().lock_timeout, [](const format::Header&) { return nullptr; });
  if (!locked.state) return locked.status;
  if (!condition(locked.state->facts)) return Outcome::conflict;
  return locked.state->destroy();
}

void Store::list(const std::function<bool(const SessionEntry&)>& visit, const ListOptions& options) const {
  const std::int64_t now = core_->records().now();
  const auto visit_one = [&](const backend::Listed& listed) {
    const Outcome outcome = listed.version ? usability(*listed.version, now) : Outcome::ok;
    if (outcome != Outcome::ok && !options.show_ended) return true;
    SessionEntry entry = to_entry(listed);
    entry.outcome = outcome;
    return visit(entry);
  };
  core_->records().visit(visit_one, options.on_error);
}

std::vector<SessionKey> Store::find(std::string_view key_prefix, std::size_t limit) const {
  if (key_prefix.empty() || limit == 0) return {};
  return core_->records().find(key_prefix, limit);
}

KeyRotation Store::rotate_keys(const KeyRotationOptions& options) const {
  if (options.keep.count() < 0 || options.keep > longest_timeout)
    throw UsageError("rotate keys: keep must not be negative, and at most a hundred years");
  return core_->keys().rotate(options);
}

namespace {

/// False if it cannot be decoded.
bool hand_out(const backend::Version& version, const GcOptions& options) {
  std::optional<SessionCopy> copy;
  try {
    copy = copy_of(version);
  } catch (const CorruptRecord&) {
    return false;
  }
  options.on_expired(*copy);
  return true;
}

}  // namespace

GcReport Store::gc(const GcOptions& options) const {
  GcOptions bounds = options;
  for (std::chrono::milliseconds* duration : {&bounds.budget, &bounds.clock_hold, &bounds.spare_idle})
    *duration = bounded(*duration);
  backend::RecordStore::Expiring expiring;
  if (options.on_expired) expiring = [&](const backend::Version& version) { return hand_out(version, options); };
  return core_->records().sweep(bounds, expiring);
}

std::optional<LastSweep> Store::last_sweep() const { return core_->records().last_sweep(); }

std::vector<SweptHour> Store::swept_hours() const { return core_->records().swept_hours(); }

std::optional<ClockHold> Store::clock_hold(std::chrono::milliseconds hold) const {
  return core_->records().clock_hold(bounded(hold));
}

LockUses Store::lock_uses() const { return core_->records().lock_uses(); }

}  // namespace sess
