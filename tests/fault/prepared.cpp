#include "prepared.hpp"

namespace sess::test {

Prepared::Prepared(const Subject& wanted) : subject(wanted) {
  {
    Machine first(subject.setting);
    keys = first.keys;
    first.let_go();
    image = first.fake->image();
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
  machine->fake->settle();
  machine->fake->clear_log();
  return machine;
}

}  // namespace sess::test
