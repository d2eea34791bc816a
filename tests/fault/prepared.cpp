#include "prepared.hpp"

#include "format/names.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace sess::test {

namespace {

/// But for those that the sessions of these keys are in, or were.
DiskImage without_empty_shards(DiskImage image, const std::vector<KnownSession>& keys) {
  std::uint64_t directory = image.root;
  for (const char* name : {"srv", "store", format::shards_directory})
    directory = image.files.at(directory).entries.at(name);
  std::erase_if(image.files.at(directory).entries, [&](const std::pair<const std::string, std::uint64_t>& entry) {
    const bool is_used =
        !image.files.at(entry.second).entries.empty() ||
        std::ranges::any_of(keys, [&](const SessionKey& key) { return key.to_string().starts_with(entry.first); });
    if (!is_used) image.files.erase(entry.second);
    return !is_used;
  });
  return image;
}

}  // namespace

Prepared::Prepared(const Subject& wanted) : subject(wanted) {
  {
    Machine first(subject.setting);
    keys = first.keys;
    first.let_go();
    image = subject.needs_all_shards ? first.fake->image() : without_empty_shards(first.fake->image(), keys);
  }
  old = start(nullptr)->look();
  const auto machine = start(nullptr);
  answer = subject.run(*machine);
  log = machine->fake->log();
  fresh = machine->look();
}

std::unique_ptr<Machine> Prepared::start(const Breaking& breaking) const {
  auto machine = std::make_unique<Machine>(subject.setting, image, keys, breaking);
  if (!subject.opens_store) machine->store = machine->open();
  if (subject.ready) subject.ready(*machine);
  if (!subject.finds_unsynced) machine->fake->settle();
  machine->fake->clear_log();
  return machine;
}

}  // namespace sess::test
