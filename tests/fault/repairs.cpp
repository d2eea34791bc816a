// Recovery of records that do not verify, and quarantine of those that cannot be recovered.
#include "subject.hpp"

#include <stdexcept>

namespace sess::test {

namespace {

using Record = Setting::Record;
using Spare = Setting::Spare;

struct User {
  const char* name;
  Answer (*run)(Machine&);
};

/// What is left of the session: its first version, or the second where only its times were wrong.
std::string wrong_version(Machine& machine, std::optional<std::int64_t> n) {
  const auto generation = machine.keys.size() == 1 && (n == 1 || n == 2);
  return generation ? std::string() : "another version is handed out";
}

Answer lock(Machine& machine) {
  const auto locked = machine.store->lock(machine.key());
  return {locked.outcome(), false, locked ? wrong_version(machine, locked->get<std::int64_t>("n")) : ""};
}

Answer snapshot(Machine& machine) {
  const auto found = machine.store->snapshot(machine.key());
  return {found.outcome(), false, found ? wrong_version(machine, found->get<std::int64_t>("n")) : ""};
}

Answer touch(Machine& machine) { return {machine.store->touch(machine.key()).outcome()}; }

Answer update(Machine& machine) {
  return {machine.store->update(machine.key(), [](Editor& editor) { editor.set("n", 3); }).outcome()};
}

Answer update_durably(Machine& machine) {
  return {machine.store
              ->update(machine.key(), [](Editor& editor) { editor.set("n", 3); }, {.durability = Durability::durable})
              .outcome()};
}

}  // namespace

std::vector<Subject> repairs() {
  std::vector<Subject> subjects;
  for (const auto& [state, record] : {std::pair{"a damaged record", Record::damaged},
                                      {"an emptied record", Record::emptied},
                                      {"a record of other times", Record::unsettled}})
    for (const auto& [name, run] : {User{"lock of ", lock},
                                    {"snapshot of ", snapshot},
                                    {"touch of ", touch},
                                    {"update of ", update},
                                    {"durable update of ", update_durably}})
      subjects.push_back({.name = std::string(name) + state,
                          .run = run,
                          .setting = {.record = record},
                          .durable = run == update_durably});
  for (const auto& [state, spare] :
       {std::pair{"a damaged record without a spare", Spare::absent}, {"two damaged records", Spare::damaged}})
    for (const auto& [name, run] : {User{"lock of ", lock}, {"snapshot of ", snapshot}})
      subjects.push_back(
          {.name = std::string(name) + state, .run = run, .setting = {.record = Record::damaged, .spare = spare}});
  return subjects;
}

}  // namespace sess::test
