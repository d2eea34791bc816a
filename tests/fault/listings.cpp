// Listing and the search by prefix.
#include "subject.hpp"
#include "support/store_world.hpp"

#include <algorithm>

namespace sess::test {

namespace {

void furnish(Machine& machine) {
  for (int n = 0; n < 3; ++n) machine.keys.emplace_back(make_session(*machine.store, {{"n", n}}));
}

Answer list(Machine& machine) {
  Answer answer;
  std::vector<SessionKey> seen;
  machine.store->list([&](const SessionEntry& entry) {
    seen.push_back(entry.key);
    if (!entry.problem.empty()) answer.admits_errors = true;
    const std::uint64_t generation = entry.key == machine.key() ? 2 : 1;
    if (entry.problem.empty() && (entry.facts.generation != generation || entry.facts.size == 0))
      answer.wrong = "an entry is not what the session is";
    return true;
  });
  std::vector<SessionKey> wanted(machine.keys.begin(), machine.keys.end());
  std::ranges::sort(wanted);
  std::ranges::sort(seen);
  if (seen != wanted) answer.wrong = "the listing leaves something out, or has it twice";
  return answer;
}

Answer find(Machine& machine) {
  Answer answer;
  const SessionKey& key = machine.key();
  const std::string digits = key.to_string();
  if (machine.store->find(digits.substr(0, 7), 10) != std::vector{key})
    answer.wrong = "the key is not found by its first digits";
  const auto found = machine.store->find(digits.substr(0, 1), 10);
  if (std::ranges::find(found, key) == found.end()) answer.wrong = "the key is not found by its first digit";
  return answer;
}

}  // namespace

std::vector<Subject> listings() {
  return {{.name = "list", .run = list, .setting = {.furnish = furnish}, .needs_all_shards = true},
          {.name = "find", .run = find, .setting = {.furnish = furnish}, .needs_all_shards = true}};
}

}  // namespace sess::test
