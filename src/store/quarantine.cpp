#include <sess/quarantine.hpp>

#include "format/names.hpp"
#include "format/values_codec.hpp"
#include "store/core.hpp"
#include "store/times.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

namespace sess {

namespace {

using backend::KeptFile;
using format::QuarantineName;
using Kind = QuarantineName::Kind;

/// The files of one name.
struct Pair {
  std::optional<KeptFile> record;
  std::optional<KeptFile> previous;
  bool is_there() const { return record || previous; }
};

/// What both files of a pair are called together.
QuarantineName pair_name(QuarantineName name) {
  if (name.kind == Kind::spare) name.kind = Kind::record;
  return name;
}

/// Nothing where it is none, or of one file of a pair only.
std::optional<QuarantineName> parse_pair_name(std::string_view text) {
  auto name = format::parse_quarantine_name(text);
  if (name && (name->temporary || name->kind == Kind::spare)) name.reset();
  return name;
}

QuarantineName previous_of(QuarantineName name) {
  name.kind = Kind::spare;
  return name;
}

/// Neither where there is nothing.
Pair pair_of(const backend::RecordStore& records, const QuarantineName& name) {
  Pair pair{.record = records.look_at_kept(name), .previous = std::nullopt};
  if (name.kind == Kind::record) pair.previous = records.look_at_kept(previous_of(name));
  return pair;
}

/// By their texts, in order.
std::map<std::string, QuarantineName> pair_names(const backend::RecordStore& records) {
  std::map<std::string, QuarantineName> names;
  for (const QuarantineName& name : records.kept()) {
    const QuarantineName of_both = pair_name(name);
    names.emplace(format::quarantine_name(of_both), of_both);
  }
  return names;
}

/// Since when the younger of its files is there. Nothing where there is none.
std::optional<std::chrono::system_clock::time_point> pair_since(const backend::RecordStore& records,
                                                                const QuarantineName& name) {
  auto since = records.kept_since(name);
  if (name.kind == Kind::record) since = std::max(since, records.kept_since(previous_of(name)));
  if (!since) return std::nullopt;
  return to_time_point(*since);
}

void sort_by_age(auto& all) {
  std::ranges::sort(all, [](const auto& left, const auto& right) {
    return std::tie(left.since, left.name) < std::tie(right.since, right.name);
  });
}

QuarantinedFile described(const KeptFile& file) {
  QuarantinedFile described;
  described.size = file.size;
  described.problem = file.problem;
  if (!file.claimed) return described;
  const format::Header& header = file.version ? file.version->header : *file.claimed;
  described.facts = to_facts({header, {}, file.version ? file.version->deadline : header.deadline});
  described.names = header.key;
  described.live = header.state == format::RecordState::live;
  return described;
}

/// A principal's list is kept under a key of the same form, and its bytes are no values.
bool holds_values(const backend::Version& version) {
  if (version.header.sealed) return true;
  try {
    static_cast<void>(format::decode_values(version.payload));
    return true;
  } catch (const CorruptRecord&) {
    return false;
  }
}

/// Both files: what is left there could be restored again after a logout, and the other one is older than what is back.
/// That one first, because a call may be cut short. The session is back, whether they can be deleted or not.
void purge_restored(const backend::RecordStore& records, const Pair& pair) {
  try {
    const bool is_record = pair.record && pair.record->version;
    const auto& other = is_record ? pair.previous : pair.record;
    const auto& restored = is_record ? pair.record : pair.previous;
    if (other) records.purge(other->name);
    records.purge(restored->name);
  } catch (const IoError&) {
    // Seen by who lists what is there.
  }
}

QuarantineOutcome restoration_of(const std::optional<Outcome>& outcome) {
  if (!outcome) return QuarantineOutcome::occupied;
  return *outcome == Outcome::ok ? QuarantineOutcome::restored : QuarantineOutcome::durability_unknown;
}

}  // namespace

std::string_view to_string(QuarantineOutcome outcome) noexcept {
  constexpr std::array<std::string_view, 11> names{"restored", "durability_unknown", "absent", "unverified", "occupied",
                                                   "expired",  "replaced",           "ended",  "no_session", "copy",
                                                   "busy"};
  return names.at(static_cast<std::size_t>(outcome));
}

Quarantine::Quarantine(Store store) : store_(std::move(store)) {}

std::vector<Quarantined> Quarantine::list() const {
  const backend::RecordStore& records = StoreAccess::core(store_).records();
  std::vector<Quarantined> all;
  for (const auto& [text, name] : pair_names(records)) {
    const Pair pair = pair_of(records, name);
    if (!pair.is_there()) continue;  // it was purged meanwhile
    Quarantined one{text, name.key, to_time_point(pair.record ? pair.record->since : pair.previous->since)};
    if (pair.record) one.record = described(*pair.record);
    if (pair.previous) one.previous = described(*pair.previous);
    one.copy = name.kind == Kind::copy;
    all.push_back(std::move(one));
  }
  sort_by_age(all);
  return all;
}

std::vector<QuarantinedName> Quarantine::names() const {
  const backend::RecordStore& records = StoreAccess::core(store_).records();
  std::vector<QuarantinedName> all;
  for (const auto& [text, name] : pair_names(records))
    if (const auto since = pair_since(records, name)) all.push_back({text, *since});
  sort_by_age(all);
  return all;
}

QuarantineOutcome Quarantine::restore(const std::string& name) const {
  const Store::Core& core = StoreAccess::core(store_);
  const auto parsed = parse_pair_name(name);
  if (!parsed) return QuarantineOutcome::absent;
  const Pair pair = pair_of(core.records(), *parsed);
  if (!pair.is_there()) return QuarantineOutcome::absent;
  // Its bytes may read well by now, or have been put right: a session that was ended since would be back.
  if (parsed->kind == Kind::copy) return QuarantineOutcome::copy;
  const KeptFile* const file = pair.record && pair.record->version       ? &*pair.record
                               : pair.previous && pair.previous->version ? &*pair.previous
                                                                         : nullptr;
  if (file == nullptr) return QuarantineOutcome::unverified;
  const format::Header& header = file->version->header;
  if (header.state != format::RecordState::live) return QuarantineOutcome::replaced;
  if (file->version->deadline <= core.records().now()) return QuarantineOutcome::expired;
  if (!holds_values(*file->version)) return QuarantineOutcome::no_session;

  std::uint64_t above = 0;
  for (const auto& each : {pair.record, pair.previous})
    if (each) above = std::max(above, each->highest_generation);
  QuarantineOutcome restoration = QuarantineOutcome::busy;
  const auto make = [&] { restoration = restoration_of(core.records().restore(*file, above)); };
  if (header.principal == format::PrincipalHash{}) {
    make();
  } else {
    const Status status = core.principals().enter_again(entry_of(header), make);
    if (status == Outcome::gone) return QuarantineOutcome::ended;
    if (!status.ok()) return QuarantineOutcome::busy;
  }
  if (restoration == QuarantineOutcome::restored) purge_restored(core.records(), pair);
  return restoration;
}

bool Quarantine::purge(const std::string& name) const {
  const backend::RecordStore& records = StoreAccess::core(store_).records();
  const auto parsed = parse_pair_name(name);
  if (!parsed) return false;
  const bool had_previous = parsed->kind == Kind::record && records.purge(previous_of(*parsed));
  return records.purge(*parsed) || had_previous;
}

bool Quarantine::purge(const QuarantinedName& known) const {
  const auto parsed = parse_pair_name(known.name);
  return parsed && pair_since(StoreAccess::core(store_).records(), *parsed) == known.since && purge(known.name);
}

}  // namespace sess
