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

/// The files of one name.
struct Pair {
  std::optional<KeptFile> record;
  std::optional<KeptFile> previous;
  const KeptFile& any() const { return record ? *record : *previous; }
};

std::string name_of(const KeptFile& file) { return format::quarantine_name(file.key, false, file.number); }

std::map<std::string, Pair> pairs_of(const backend::RecordStore& records) {
  std::map<std::string, Pair> pairs;
  for (KeptFile& file : records.kept()) {
    Pair& pair = pairs[name_of(file)];
    (file.before ? pair.previous : pair.record) = std::move(file);
  }
  return pairs;
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
    if (other) records.purge(*other);
    records.purge(*restored);
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
  constexpr std::array<std::string_view, 10> names{"restored", "durability_unknown", "absent", "unverified", "occupied",
                                                   "expired",  "replaced",           "ended",  "no_session", "busy"};
  return names.at(static_cast<std::size_t>(outcome));
}

Quarantine::Quarantine(Store store) : store_(std::move(store)) {}

std::vector<Quarantined> Quarantine::list() const {
  std::vector<Quarantined> all;
  for (const auto& [name, pair] : pairs_of(StoreAccess::core(store_).records())) {
    Quarantined one{name, pair.any().key, to_time_point(pair.any().since)};
    if (pair.record) one.record = described(*pair.record);
    if (pair.previous) one.previous = described(*pair.previous);
    all.push_back(std::move(one));
  }
  std::ranges::sort(all, [](const Quarantined& left, const Quarantined& right) {
    return std::tie(left.since, left.name) < std::tie(right.since, right.name);
  });
  return all;
}

QuarantineOutcome Quarantine::restore(const std::string& name) const {
  const Store::Core& core = StoreAccess::core(store_);
  const auto pairs = pairs_of(core.records());
  const auto found = pairs.find(name);
  if (found == pairs.end()) return QuarantineOutcome::absent;
  const Pair& pair = found->second;
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
  const auto pairs = pairs_of(records);
  const auto found = pairs.find(name);
  if (found == pairs.end()) return false;
  for (const auto& each : {found->second.record, found->second.previous})
    if (each) records.purge(*each);
  return true;
}

}  // namespace sess
