// How sessions end.
#include "subject.hpp"

namespace sess::test {

namespace {

Answer destroy(Machine& machine) { return {machine.store->destroy(machine.key()).outcome()}; }

void end_before(Machine& machine) {
  if (!machine.store->destroy(machine.key())) throw std::logic_error("cannot destroy");
}

}  // namespace

std::vector<Subject> ends() {
  using Record = Setting::Record;
  using Spare = Setting::Spare;
  const auto destroying = [](std::string name, const Setting& setting) {
    return Subject{
        .name = std::move(name), .run = destroy, .setting = setting, .durable = true, .again = Outcome::absent};
  };
  return {
      destroying("destroy", {}),
      destroying("destroy without a spare", {.spare = Spare::absent}),
      destroying("destroy of what has ended", {.furnish = end_before}),
      // Without its spare, which goes first, the record cannot be recovered any more.
      {.name = "destroy of a damaged record",
       .run = destroy,
       .setting = {.record = Record::damaged},
       .durable = true,
       .has_steps = true,
       .may_quarantine = true,
       .again = Outcome::absent},
      destroying("destroy of a damaged record without a spare", {.record = Record::damaged, .spare = Spare::absent}),
      {.name = "destroy of a locked session",
       .run = [](Machine& machine) { return Answer{machine.session->destroy().outcome()}; },
       .ready = [](Machine& machine) { machine.session = machine.store->lock(machine.key()).value(); },
       .durable = true},
  };
}

}  // namespace sess::test
