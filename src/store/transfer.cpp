#include <sess/transfer.hpp>

#include "format/header.hpp"
#include "format/sealing.hpp"
#include "format/values_codec.hpp"
#include "store/copies.hpp"
#include "store/core.hpp"
#include "store/session_state.hpp"
#include "store/times.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace sess {

namespace {

// What a header may hold (FORMAT.md, "Record").
constexpr std::int64_t latest = std::int64_t{1} << 48;
// Far below what a header may hold: each commit of the session adds one.
constexpr std::uint64_t largest_generation = std::uint64_t{1} << 48;

[[noreturn]] void refuse(const char* why) { throw UsageError(std::string("restore session: ") + why); }

/// Throws UsageError where no session can be like this.
format::Header header_of(const SessionCopy& copy) {
  format::Header header;
  header.kind = copy.kind;
  header.key = copy.key;
  header.generation = copy.generation;
  header.created = to_milliseconds(copy.created);
  header.idle_timeout = copy.idle_timeout.count();
  header.deadline = to_milliseconds(copy.deadline);
  header.absolute_deadline = to_milliseconds(copy.absolute_deadline);
  header.sealed = copy.sealed.has_value();
  if (copy.principal) header.principal = copy.principal->bytes();
  if (header.key == SessionKey()) refuse("it has no key");
  if (header.generation == 0 || header.generation > largest_generation) refuse("its generation is out of range");
  if (header.idle_timeout < 1 || header.idle_timeout > latest) refuse("its idle timeout is out of range");
  const bool is_ordered = 0 <= header.created && header.created <= header.deadline &&
                          header.deadline <= header.absolute_deadline && header.absolute_deadline <= latest;
  if (!is_ordered) refuse("its times are out of order or out of range");
  if (copy.principal && (header.principal == format::PrincipalHash{} || header.kind != SessionKind::authenticated))
    refuse("only an authenticated session has a principal");
  return header;
}

std::vector<std::byte> payload_of(const SessionCopy& copy) {
  std::vector<std::byte> payload;
  if (copy.sealed) {
    if (!copy.values.empty()) refuse("it is sealed, and has values that are not");
    if (copy.sealed->size() < format::seal_overhead) refuse("what is sealed is too short");
    payload = *copy.sealed;
  } else {
    format::encode_values(copy.values, payload);
  }
  if (payload.size() > format::payload_limit) refuse("its values are larger than any record");
  return payload;
}

/// The same session, in the same version; a renewal since then makes no difference.
bool is_same(const backend::Version& version, const format::Header& header, const std::vector<std::byte>& payload) {
  format::Header there = version.header;
  there.deadline = header.deadline;
  there.payload_size = header.payload_size;
  return there == header && version.payload == payload && version.deadline >= header.deadline;
}

}  // namespace

Result<SessionCopy> copy_of(const Store& store, const SessionKey& key) {
  const Store::Core& core = StoreAccess::core(store);
  const auto listed = core.records().look(key);
  if (!listed) return Outcome::absent;
  if (!listed->version) throw CorruptRecord("session " + key.to_string(), listed->problem);
  const backend::Version& version = *listed->version;
  const Outcome outcome = usability(version, core.records().now());
  if (outcome != Outcome::ok) return outcome;
  return copy_of(version);
}

SessionCopy copy_of(const backend::Version& version) {
  const format::Header& header = version.header;
  SessionCopy copy{.key = header.key,
                   .kind = header.kind,
                   .generation = header.generation,
                   .created = to_time_point(header.created),
                   .idle_timeout = std::chrono::milliseconds(header.idle_timeout),
                   .deadline = to_time_point(version.deadline),
                   .absolute_deadline = to_time_point(header.absolute_deadline)};
  if (header.principal != format::PrincipalHash{}) copy.principal = SessionKey(header.principal);
  if (header.sealed) {
    copy.sealed = version.payload;
  } else {
    copy.values = *decode_values_of(version, nullptr);
  }
  return copy;
}

std::vector<std::string> keyring_marks(const Store& store) { return StoreAccess::core(store).keys().marks(); }

Restored Restoration::restore(const SessionCopy& copy) const {
  const Store::Core& core = StoreAccess::core(store_);
  const backend::RecordStore& records = core.records();
  const format::Header header = header_of(copy);
  const std::vector<std::byte> payload = payload_of(copy);
  if (header.deadline <= records.now()) return Restored::expired;

  // What a power cut has left of an earlier try does not verify: reading moves it aside, and it is made again.
  const auto there = [&]() -> std::optional<Restored> {
    const backend::ReadResult read = records.read(copy.key);
    if (read.outcome == Outcome::absent) return std::nullopt;
    if (read.outcome != Outcome::ok) return Restored::busy;
    return is_same(read.version, header, payload) ? Restored::unchanged : Restored::kept;
  };
  const auto make = [&] {
    Outcome ignored = Outcome::ok;  // nothing is synced
    return records.create({.header = header, .payload = payload, .first_generation = header.generation}, ignored);
  };
  if (const auto found = there()) return *found;
  bool is_made = false;
  if (!copy.principal) {
    is_made = make() != nullptr;
  } else {
    const Principals principals = core.principals();
    const auto ended = principals.ended(*copy.principal);
    if (!ended) return Restored::busy;
    NewEntry entry = entry_of(header);
    entry.since = *ended;
    entry.created = header.created;
    const Status entered = principals.enter(entry, {}, [&] {
      is_made = make() != nullptr;
      return Outcome::ok;
    });
    if (!entered.ok()) return entered == Outcome::gone ? Restored::gone : Restored::busy;
  }
  if (is_made) return Restored::made;
  // Another restoration was faster.
  if (const auto found = there()) return *found;
  throw StoreError(StoreError::Reason::unusable,
                   "restore session " + copy.key.to_string() + ": its name is taken, and there is nothing");
}

void Restoration::finish() const { StoreAccess::core(store_).records().sync_all(); }

}  // namespace sess
