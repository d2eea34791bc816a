#include <sess/session.hpp>

#include "format/values_codec.hpp"
#include "store/session_state.hpp"
#include "store/times.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sess {

std::shared_ptr<const format::SealingKey> sealing_of(const format::Header& header, const SessionRef& session) {
  if (!header.sealed) return nullptr;
  if (session.id() == nullptr) throw SealedRecord(session.key().to_string());
  return std::make_shared<const format::SealingKey>(*session.id());
}

namespace {

std::vector<std::byte> opened(const backend::Version& version, const format::SealingKey& sealing) {
  auto plain = sealing.open(version.payload, version.header);
  if (!plain) throw CorruptRecord("session " + version.header.key.to_string(), "it was not sealed with its ID");
  return *std::move(plain);
}

}  // namespace

std::shared_ptr<const Values> decode_values_of(const backend::Version& version, const format::SealingKey* sealing) {
  if (version.header.leads) return std::make_shared<const Values>();
  try {
    return std::make_shared<const Values>(
        format::decode_values(version.header.sealed ? opened(version, *sealing) : version.payload));
  } catch (const CorruptRecord& error) {
    throw CorruptRecord("session " + version.header.key.to_string(), error.why());
  }
}

std::unique_ptr<Session::State> Session::State::locked(std::shared_ptr<const Store::Core> core,
                                                       std::unique_ptr<backend::LockedRecord> record,
                                                       std::shared_ptr<const format::SealingKey> sealing) {
  auto state = std::make_unique<State>();
  state->sealing = std::move(sealing);
  state->core = std::move(core);
  state->header = record->version().header;
  state->key = state->header.key;
  state->facts = to_facts(record->version());
  state->record = std::move(record);
  return state;
}

std::unique_ptr<Session::State> Session::State::fresh(std::shared_ptr<const Store::Core> core, SessionId id,
                                                      std::int64_t idle_timeout, std::int64_t lifetime) {
  auto state = std::make_unique<State>();
  state->core = std::move(core);
  state->key = id.key();
  state->created = false;
  state->header.kind = id.kind();
  state->header.key = id.key();
  state->header.created = state->core->records().now();
  state->header.idle_timeout = idle_timeout;
  state->header.absolute_deadline = state->header.created + lifetime;
  state->id = std::move(id);
  if (state->core->options().sealed) state->seal();
  return state;
}

void Session::State::seal() {
  sealing = std::make_shared<const format::SealingKey>(id.value());
  header.sealed = true;
}

std::shared_ptr<const Values> Session::State::load() {
  if (read) return std::exchange(read, nullptr);
  if (!record) return std::make_shared<const Values>();
  return decode_values_of(record->version(), sealing.get());
}

Status Session::State::create(const format::Header& first, std::span<const std::byte> payload, bool durable) {
  if (first.principal == format::PrincipalHash{}) return create_record(first, payload, durable);
  const StoreOptions& options = core->options();
  // Nobody knows whether all sessions of this principal were ended since it was decided.
  if (!since && !continues) return Outcome::busy;
  NewEntry entry = entry_of(first);
  entry.since = since.value_or(0);
  entry.continues = continues;
  entry.replaces = replaces;
  const Principals::Limit limit{options.sessions_per_principal, options.refuse_beyond_limit};
  return core->principals(list_timeout).enter(entry, limit, [&] { return create_record(first, payload, durable); });
}

Outcome Session::State::create_record(const format::Header& first, std::span<const std::byte> payload, bool durable) {
  Outcome outcome = Outcome::ok;
  record = core->records().create({first, payload, durable}, outcome);
  if (!record)
    throw StoreError(StoreError::Reason::unusable, "create session " + key.to_string() + ": there is one already");
  created = true;
  return outcome;
}

/// True if the current version holds these encoded values. Sealed ones look different each time.
bool Session::State::holds(std::span<const std::byte> plain) const {
  const backend::Version& version = record->version();
  if (!header.sealed) return std::ranges::equal(plain, version.payload);
  return std::ranges::equal(plain, opened(version, *sealing));
}

Status Session::State::commit(const Values& values, const Editor& editor, const CommitOptions& options) {
  const std::int64_t now = core->records().now();
  if (created && header.absolute_deadline <= now) return Outcome::expired;
  // Nobody would ever see what is committed without a renewal past the deadline.
  if (created && !options.renew && record->version().deadline <= now) return Outcome::expired;

  std::vector<std::byte> payload;
  format::encode_values(values, payload);
  format::Header next = header;
  if (!created && !continues) next.created = now;
  const std::int64_t lifetime =
      editor.lifetime() ? editor.lifetime()->count() : next.absolute_deadline - header.created;
  if (editor.idle_timeout()) next.idle_timeout = editor.idle_timeout()->count();
  next.absolute_deadline = next.created + lifetime;

  const bool same = created && !options.scrub && next.idle_timeout == header.idle_timeout &&
                    next.absolute_deadline == header.absolute_deadline && holds(payload);
  const bool durable = options.durability.value_or(core->options().durability) == Durability::durable;
  if (same) {
    if (options.renew) renew();
    // Nothing is to be written, but who asks for durability is to be told the truth.
    if (durable && !on_disk) {
      const Outcome outcome = record->sync();
      on_disk = outcome == Outcome::ok;
      return outcome;
    }
    return Outcome::ok;
  }
  // The limit is one on what the program stores; a record of the largest size still has to hold the seal.
  const std::size_t largest = format::payload_limit - (header.sealed ? format::seal_overhead : 0);
  const std::size_t limit = std::min(core->options().size_limit, largest);
  if (payload.size() > limit) throw TooLarge(payload.size(), limit);
  if (header.sealed) {
    std::array<std::byte, format::seal_nonce_size> nonce;
    core->records().random(nonce);
    payload = sealing->seal(payload, next, nonce);
  }

  const std::int64_t kept = created ? std::min(record->version().deadline, next.absolute_deadline) : 0;
  next.deadline = options.renew || !created ? renewed_deadline(next, now) : kept;
  // `header` stays that of the committed version until there is another: a commit that throws changes nothing here.
  const bool lives_longer =
      created && next.absolute_deadline > header.absolute_deadline && next.principal != format::PrincipalHash{};
  // Its principal's record must live as long.
  if (lives_longer && core->principals().enter_existing(entry_of(next)) == Outcome::busy) return Outcome::busy;
  const bool first = !created;
  const Status status =
      created ? Status(record->commit({next, payload, durable, options.scrub})) : create(next, payload, durable);
  if (status == Outcome::limit_reached) {
    backend::tell(core->events(),
                  [&] { return Event{.kind = Event::Kind::limit_reached, .principal = SessionKey(next.principal)}; });
  }
  if (!status.took_effect()) return status;
  header = record->version().header;
  facts = to_facts(record->version());
  on_disk = durable && status.ok();
  if (first) tell_of_creation(status.outcome());
  return status;
}

void Session::State::tell_of_creation(Outcome outcome) const noexcept {
  if (!tells) return;
  backend::tell(core->events(), [&] {
    const bool login = header.principal != format::PrincipalHash{};
    Event event = backend::event_about(login ? Event::Kind::authenticated : Event::Kind::created, header, outcome);
    event.replaced = replaces;
    return event;
  });
}

void Session::State::renew() {
  const std::int64_t now = core->records().now();
  if (!renewal_is_due(record->version(), now)) return;
  record->set_deadline(renewed_deadline(header, now));
  facts = to_facts(record->version());
}

Session::Session(std::unique_ptr<State> state) : Editor(state->load()), state_(std::move(state)) {}

Session::Session(Session&&) noexcept = default;

Session& Session::operator=(Session&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
    Editor::operator=(std::move(other));
  }
  return *this;
}

// Rolls back: what has not been committed is in memory only, and the record unlocks itself.
Session::~Session() = default;

Session::State& Session::live() const {
  if (!state_ || state_->released) throw UsageError("use session: it has been released");
  if (state_->record) state_->record->check_usable();
  return *state_;
}

const Session::State& Session::present() const {
  if (!state_) throw UsageError("use session: it has been moved from");
  return *state_;
}

const SessionKey& Session::key() const { return present().key; }

std::optional<SessionId> Session::id() const { return present().id; }

const SessionFacts& Session::facts() const { return present().facts; }

Status Session::commit(const CommitOptions& options) {
  State& state = live();
  // Made before the commit: nothing may fail after it.
  auto base = std::make_shared<const Values>(values());
  const Status status = state.commit(*base, *this, options);
  if (status.took_effect()) rebase(std::move(base));
  return status;
}

void Session::rollback() { rebase(live().load()); }

Status Session::touch() {
  State& state = live();
  if (!state.created) return Outcome::absent;
  if (state.header.absolute_deadline <= state.core->records().now()) return Outcome::expired;
  state.renew();
  return Outcome::ok;
}

Outcome Session::State::destroy() {
  const Outcome outcome = created ? record->destroy() : Outcome::ok;
  release();
  if (created)
    backend::tell(core->events(), [&] { return backend::event_about(Event::Kind::destroyed, header, outcome); });
  return outcome;
}

void Session::State::release() noexcept {
  if (record) record->release();
  released = true;
}

Status Session::destroy() { return live().destroy(); }

void Session::release() noexcept {
  if (state_ && !state_->released) state_->release();
}

}  // namespace sess
