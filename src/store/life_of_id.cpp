// How a session's ID is replaced: regenerated, superseded, succeeded (PROTOCOL.md, "The life of an ID").
#include "format/forward.hpp"
#include "format/header.hpp"
#include "store/core.hpp"
#include "store/session_state.hpp"
#include "store/times.hpp"

#include <sess/session.hpp>
#include <sess/store.hpp>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sess {

namespace {

// From one ID to the one that follows it. Each session in between has lived and expired within the life of the forward
// record before it, so there are few; more are no reason to go on for ever.
constexpr int succession_limit = 64;

/// The ID that a record leads to; nothing if its secret was given up.
std::optional<SessionId> forwarded_to(const Store::Core& core, const SessionId& id, const backend::Version& version) {
  const auto terms = format::decode_forward(version.payload);
  if (!terms) throw CorruptRecord("session " + id.key().to_string(), "it names no ID to go on with");
  return core.keys().successor(id, *terms);
}

/// The ID that a forward record names; nothing if it has expired, too.
std::optional<SessionId> next_of(const Store::Core& core, const SessionId& id, const backend::Version& version,
                                 std::int64_t now) {
  if (version.header.state != format::RecordState::forward || version.deadline <= now) return std::nullopt;
  return forwarded_to(core, id, version);
}

bool may_be_succeeded(const Store::Core& core, const SessionId& id) {
  return id.kind() == SessionKind::anonymous &&
         core.records().now() - to_milliseconds(id.issued()) < core.options().succession_age.count();
}

/// A forward record for an ID.
backend::NewVersion forward_from(const Store::Core& core, const SessionId& id, std::span<const std::byte> payload) {
  const std::int64_t now = core.records().now();
  backend::NewVersion version;
  version.header.state = format::RecordState::forward;
  version.header.kind = id.kind();
  version.header.key = id.key();
  version.header.created = now;
  version.header.idle_timeout = core.options().idle_timeout.count();
  // A successor that is used lives longer. Then its client has its ID.
  version.header.deadline = version.header.absolute_deadline = now + core.options().idle_timeout.count();
  version.payload = payload;
  version.durable = true;
  return version;
}

/// The successor of one ID, made before its forward record: a forward record that is there says that the successor has
/// been, so one that is absent has ended, and its ID is never used again.
class NewSuccessor {
 public:
  NewSuccessor(std::shared_ptr<const Store::Core> core, const SessionId& of) : core_(std::move(core)), of_(of) {
    std::array<std::byte, format::nonce_size> nonce;
    core_->records().random(nonce);
    const format::Forward terms = core_->keys().forward(nonce);
    payload_ = format::encode_forward(terms);
    // The secret has been found for the terms just now.
    id_ = core_->keys().successor(of, terms).value();
    state_ =
        Session::State::fresh(core_, *id_, core_->options().idle_timeout.count(), core_->options().lifetime.count());
    state_->replaces = of.key();
    state_->tells = false;  // there is none before its forward record
  }
  NewSuccessor(const NewSuccessor&) = delete;
  NewSuccessor& operator=(const NewSuccessor&) = delete;
  /// Without a forward record nobody will find it.
  ~NewSuccessor() {
    if (!state_->created || published_) return;
    try {
      state_->record->destroy();
    } catch (...) {
      // It expires.
    }
  }

  Outcome create(const Values& values, const Editor& changes, const CommitOptions& options) {
    return state_->commit(values, changes, options).outcome();
  }
  backend::NewVersion forward() const { return forward_from(*core_, of_, payload_); }
  SessionId published(Outcome outcome) {
    published_ = true;
    state_->tells = true;
    state_->tell_of_creation(outcome);
    return *id_;
  }

 private:
  std::shared_ptr<const Store::Core> core_;
  const SessionId& of_;
  std::vector<std::byte> payload_;
  std::optional<SessionId> id_;
  std::unique_ptr<Session::State> state_;
  bool published_ = false;
};

/// The ID that a session gets by a regeneration: one that nothing leads to, or one that the ID before it does.
class NextId {
 public:
  NextId(const Store::Core& core, SessionKind kind, const std::optional<SessionId>& leads_from) {
    std::array<std::byte, std::max(format::random_part_size, format::nonce_size)> random;
    if (!leads_from) {
      core.records().random(std::span(random).first<format::random_part_size>());
      id_ = core.keys().issue(kind, std::span(random).first<format::random_part_size>());
      return;
    }
    const auto nonce = std::span(random).first<format::nonce_size>();
    core.records().random(nonce);
    const format::Forward terms = core.keys().forward(nonce);
    forward_ = format::encode_forward(terms);
    // The secret has been found for the terms just now.
    id_ = core.keys().successor(*leads_from, terms).value();
  }
  const SessionId& id() const { return *id_; }
  /// Empty: nothing leads to it.
  std::span<const std::byte> forward() const { return forward_; }

 private:
  std::vector<std::byte> forward_;
  std::optional<SessionId> id_;
};

}  // namespace

Result<SessionId> Store::continuation(const SessionId& id) const {
  const backend::ReadResult read = core_->records().read(id.key());
  if (read.outcome != Outcome::ok) return Status(read.outcome, read.holder);
  const backend::Version& version = read.version;
  if (!version.header.leads || version.deadline <= core_->records().now()) return Outcome::absent;
  auto next = forwarded_to(*core_, id, version);
  if (!next || !(next->key() == version.header.successor)) return Outcome::absent;
  return *std::move(next);
}

Status Store::retire(const SessionKey& key) const {
  const std::int64_t end = core_->records().now() + core_->options().grace.count();
  // Where nothing is left to do, nobody who has the lock is in the way.
  const backend::ReadResult read = core_->records().read(key, std::chrono::nanoseconds(0));
  if (read.outcome == Outcome::absent) return Outcome::absent;
  if (read.outcome == Outcome::ok && (!read.version.header.leads || read.version.deadline <= end)) return Outcome::ok;
  const backend::LockResult locked = core_->records().lock(key, std::chrono::nanoseconds(0));
  if (locked.outcome != Outcome::ok) return {locked.outcome, locked.holder};
  const backend::Version& version = locked.record->version();
  if (version.header.leads && version.deadline > end) locked.record->set_deadline(end);
  return Outcome::ok;
}

Result<SessionId> Store::successor(const SessionId& id) const {
  if (!may_be_succeeded(*core_, id)) return Outcome::absent;
  std::optional<SessionId> at = id;
  for (int turn = 0; turn < succession_limit; ++turn) {
    const backend::ReadResult read = core_->records().read(at->key());
    if (read.outcome != Outcome::ok) return Status(read.outcome, read.holder);
    const std::int64_t now = core_->records().now();
    if (usability(read.version, now) != Outcome::expired) return *at;
    at = next_of(*core_, *at, read.version, now);
    if (!at) return Outcome::absent;
  }
  return Outcome::absent;
}

Result<SessionId> Store::succeed(const SessionId& id, const Editor& changes, const CommitOptions& options) const {
  if (!may_be_succeeded(*core_, id)) return Outcome::absent;
  const backend::RecordStore& records = core_->records();
  SessionId at = id;
  for (int turn = 0; turn < succession_limit; ++turn) {
    backend::LockResult locked = records.lock(at.key(), core_->options().lock_timeout);
    if (locked.outcome == Outcome::busy) return Status(Outcome::busy, locked.holder);
    if (locked.record) {
      const std::int64_t now = records.now();
      const Outcome usable = usability(locked.record->version(), now);
      if (usable == Outcome::superseded) return usable;
      if (usable == Outcome::ok) {
        const format::Header& before = locked.record->version().header;
        auto state = Session::State::locked(core_, std::move(locked.record), sealing_of(before, at));
        const auto values = changes.apply_to(*state->load());
        if (!values) return Outcome::conflict;
        const Status status = state->commit(*values, changes, options);
        if (!status.took_effect()) return status == Outcome::expired ? Status(Outcome::gone) : status;
        return {at, status};
      }
      if (auto next = next_of(*core_, at, locked.record->version(), now)) {
        // Released first: nobody waits for a session's lock while holding another's.
        locked.record.reset();
        at = *std::move(next);
        continue;
      }
    }
    const auto values = changes.apply_to({});
    if (!values) return Outcome::conflict;
    NewSuccessor next(core_, at);
    Outcome outcome = next.create(*values, changes, options);
    if (locked.record) {
      const format::Header before = locked.record->version().header;
      outcome = worse(outcome, locked.record->commit(next.forward()));
      locked.record.reset();
      if (before.state == format::RecordState::live)
        backend::tell(core_->events(), [&] { return backend::event_about(Event::Kind::expired, before, outcome); });
      return {next.published(outcome), outcome};
    }
    Outcome forwarded = Outcome::ok;
    if (records.create(next.forward(), forwarded)) {
      outcome = worse(outcome, forwarded);
      return {next.published(outcome), outcome};
    }
    // Another request was first: on its successor, then.
  }
  return Outcome::busy;
}

Outcome Session::State::supersede(const SessionKey& successor) {
  const backend::Version& version = record->version();
  return supersede_until(core->records().now() + core->options().grace.count(), successor,
                         {version.header, version.payload});
}

Outcome Session::State::supersede_leading(const format::Header& successor, std::span<const std::byte> forward) {
  backend::NewVersion leading{record->version().header, forward};
  leading.header.leads = true;
  leading.header.sealed = false;
  // For as long as the session can live: whether it does is for what it leads to. What the record itself says is as in
  // any other that is superseded, so that it can be made to end sooner (retire).
  leading.later_deadline = successor.absolute_deadline;
  return supersede_until(core->records().now() + core->options().grace.count(), successor.key, leading);
}

Outcome Session::State::supersede_until(std::int64_t deadline, const SessionKey& successor,
                                        backend::NewVersion frozen) {
  frozen.header.state = format::RecordState::superseded;
  frozen.header.successor = successor;
  frozen.header.deadline = std::min(frozen.header.absolute_deadline, deadline);
  frozen.header.absolute_deadline = std::max(frozen.header.deadline, frozen.later_deadline);
  frozen.durable = true;
  return record->commit(frozen);
}

Status Session::supersede() {
  State& state = live();
  if (!state.created) return Outcome::absent;
  const Outcome outcome = state.supersede({});
  release();
  backend::tell(state.core->events(),
                [&] { return backend::event_about(Event::Kind::superseded, state.header, outcome); });
  return outcome;
}

Result<Session> Session::regenerate(const RegenerateOptions& options) {
  State& state = live();
  if (options.leads_from && !(options.leads_from->key() == state.key))
    throw UsageError("regenerate: the ID that is to lead on is not that of this session");
  if (!state.created) return Outcome::absent;
  const std::int64_t now = state.core->records().now();
  if (state.header.absolute_deadline <= now) return Outcome::expired;
  const NextId next_id(*state.core, state.header.kind, options.leads_from);
  auto next = State::fresh(state.core, next_id.id(), state.header.idle_timeout,
                           state.header.absolute_deadline - state.header.created);
  State& made = *next;
  made.header.created = state.header.created;
  made.header.principal = state.header.principal;
  if (state.header.sealed && !made.header.sealed) made.seal();  // never less than it was
  made.continues = state.key;
  made.tells = false;
  made.list_timeout = options.timeout;
  const Status created = made.commit(values(), *this, {.durability = Durability::durable});
  if (!created.took_effect()) return created;
  Outcome outcome = created.outcome();
  std::optional<Session> answer;
  try {
    // Nothing may fail once the old ID is superseded, nor once the state is on its way: it would be lost with its lock.
    made.read = made.load();
    answer.emplace(std::move(next));
    outcome = worse(outcome, next_id.forward().empty() ? state.supersede(made.key)
                                                       : state.supersede_leading(made.header, next_id.forward()));
  } catch (...) {
    // Its ID has been told to nobody, so it must not stay behind. The fault to tell is the first one.
    try {
      made.record->destroy();
    } catch (const Error&) {
    }
    throw;
  }
  release();
  backend::tell(state.core->events(), [&] {
    Event event = backend::event_about(Event::Kind::regenerated, made.header, outcome);
    event.replaced = state.key;
    return event;
  });
  return {*std::move(answer), outcome};
}

}  // namespace sess
