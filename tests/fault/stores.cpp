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

Answer rotate_keys(Machine& machine) {
  machine.fake->advance(std::chrono::minutes(1));  // since the last rotation, if it has been made
  const KeyRotation rotation = machine.store->rotate_keys();
  Answer answer;
  if (rotation.kept == 0 || rotation.dropped != 0) answer.wrong = "a secret that is to be kept is dropped";
  if (!machine.store->parse(machine.id->reveal())) answer.wrong = "an ID of the secret before is not accepted";
  return answer;
}

Answer parse(Machine& machine) {
  machine.fake->advance(std::chrono::minutes(1));
  Answer answer;
  if (!machine.store->parse(machine.id->reveal())) answer.wrong = "an ID of a new secret is not accepted";
  return answer;
}

/// Another program rotates the keys.
void rotate_elsewhere(Machine& machine) {
  machine.viewer().rotate_keys();
  machine.fake->advance(std::chrono::minutes(1));
  machine.id = machine.viewer().create().id();
}

}  // namespace

std::vector<Subject> stores() {
  return {
      {.name = "rotation of the keys",
       .run = rotate_keys,
       .ready = [](Machine& machine) { machine.id = machine.store->create().id(); }},
      {.name = "parse of an ID of new keys", .run = parse, .ready = rotate_elsewhere},
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
