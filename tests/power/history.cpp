#include "history.hpp"

#include <algorithm>
#include <array>

namespace sess::test::power {

std::string_view to_string(Kind kind) {
  static constexpr std::array<std::string_view, kind_count> names = {"created",      "created+first", "created+more",
                                                                     "settled",      "settled+first", "settled+one",
                                                                     "settled+more", "destroyed"};
  return names.at(static_cast<std::size_t>(kind));
}

std::string_view to_string(Level level) {
  static constexpr std::array<std::string_view, level_count> names = {"durable", "relaxed", "mixed", "scrubbed",
                                                                      "early"};
  return names.at(static_cast<std::size_t>(level));
}

Kind History::kind() const {
  if (destroy_tried) return Kind::destroyed;
  if (settled == 0) return tried <= 1 ? Kind::created : tried == 2 ? Kind::created_changed : Kind::created_steady;
  if (tried == settled) return Kind::settled;
  if (tried > settled + 1) return Kind::settled_steady;
  return settled == 1 ? Kind::settled_first : Kind::settled_once;
}

std::uint32_t History::oldest_allowed() const {
  if (last_is_durable) return acknowledged;
  // A relaxed commit may cost the session whole, also what was safe before it.
  return tried == settled ? settled : 0;
}

namespace {

void tell(History& history, const Entry& entry, bool before_cut) {
  history.level = entry.level;
  history.key = entry.key;
  switch (entry.step) {
    case Step::commit_tried:
      history.tried = std::max(history.tried, entry.version);
      if (!entry.durable) history.last_is_durable = false;
      break;
    case Step::commit_acknowledged:
      if (!before_cut) break;
      history.acknowledged = entry.version;
      history.last_is_durable = entry.durable;
      break;
    case Step::destroy_tried:
      history.destroy_tried = true;
      break;
    case Step::destroy_acknowledged:
      if (before_cut) history.destroy_acknowledged = true;
      break;
    case Step::settled:
      break;
  }
}

}  // namespace

std::map<std::uint32_t, History> read_histories(const std::vector<Entry>& ledger, std::uint64_t before,
                                                std::uint64_t after) {
  const auto entries_in = [&](std::uint64_t bytes) {
    return std::min<std::uint64_t>(bytes / sizeof(Entry), ledger.size());
  };
  std::uint64_t settled_before = 0;
  for (std::uint64_t i = 0; i < entries_in(before); ++i)
    if (ledger[i].step == Step::settled) settled_before = entries_in(ledger[i].position);
  std::map<std::uint32_t, History> histories;
  for (std::uint64_t i = 0; i < entries_in(after); ++i) {
    const Entry& entry = ledger[i];
    if (entry.step == Step::settled) continue;
    History& history = histories[entry.session];
    tell(history, entry, i < entries_in(before));
    if (i < settled_before) history.settled = history.acknowledged;
  }
  return histories;
}

}  // namespace sess::test::power
