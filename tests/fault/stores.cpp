// Stores that are opened, and made.
#include "subject.hpp"

namespace sess::test {

namespace {

Answer open(Machine& machine) {
  machine.store = machine.open();
  const StoreFacts facts = machine.store->facts();
  Answer answer;
  if (facts.path != store_path || facts.shards != 256 || facts.format == 0) answer.wrong = "it is another store";
  return answer;
}

}  // namespace

std::vector<Subject> stores() {
  return {
      {.name = "open", .run = open, .opens_store = true, .needs_all_shards = true},
      {.name = "open of a store that was moved",
       .run = open,
       .setting = {.another_device = true},
       .opens_store = true,
       .needs_all_shards = true},
      {.name = "open of a store that is to be made",
       .run = open,
       .setting = {.disk = Setting::Disk::empty},
       .opens_store = true,
       .needs_all_shards = true},
  };
}

}  // namespace sess::test
