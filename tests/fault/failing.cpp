#include "failing.hpp"

#include "planting.hpp"
#include "prepared.hpp"
#include "trial.hpp"

namespace sess::test {

Tally fail_everywhere(const Subject& subject, const Effort& effort, const Breaking& breaking) {
  const Prepared prepared(subject);
  std::vector<std::string> shards;
  for (const SessionKey& key : prepared.keys) shards.push_back(key.to_string().substr(0, 2));
  Tally tally;
  tally.calls = prepared.log.size();
  for (const std::size_t number : visited_calls(prepared.log, shards, effort.every_call)) {
    ++tally.visited;
    for (const Plan& plan : plans_for(prepared.log, number)) {
      Trial trial(prepared, plan, breaking);
      trial.run({tally.runs % effort.sweep_stride == 0, effort.disks});
      ++tally.runs;
      tally.failed += trial.failed() ? 1 : 0;
      tally.disks += trial.disks();
      for (const std::string& objection : trial.objections())
        tally.wrong.push_back(subject.name + ": " + to_string(plan) + ": " + objection);
    }
  }
  return tally;
}

}  // namespace sess::test
