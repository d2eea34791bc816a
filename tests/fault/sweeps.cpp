// Sweeps over a store that has something of everything to sweep.
#include "format/names.hpp"
#include "subject.hpp"
#include "support/store_world.hpp"

#include <algorithm>

namespace sess::test {

namespace {

using std::chrono::hours;

/// A session that has expired when the operation begins.
SessionKey short_lived(Machine& machine) {
  const SessionKey key = make_session(*machine.store, {{"n", 5}}, {.idle_timeout = hours(1)});
  if (!machine.store->update(key, [](Editor& editor) { editor.set("n", 6); })) throw std::logic_error("update");
  return key;
}

/// Beside the session that lives: one that has expired, one that is lost, and what killed programs have left.
void furnish(Machine& machine) {
  machine.keys.emplace_back(short_lived(machine));
  const SessionKey lost = short_lived(machine);
  machine.keys.emplace_back(lost);
  machine.fake->unlink(sys::working_directory, Machine::spare_path(lost).c_str());
  machine.fake->set_text(Machine::record_path(lost), "damaged");
  machine.put("shards/" + format::temporary_name(machine.key(), 0x1234), "left by a killed program");
  const SessionKey gone = make_session(*machine.store, {{"n", 8}});
  if (!machine.store->destroy(gone)) throw std::logic_error("destroy");
  machine.put("shards/" + Machine::spare_name(gone), "left where somebody has removed a record");
}

void wait_long(Machine& machine) { machine.fake->advance(hours(2)); }

/// The files that a sweep has removed, by what it calls them.
struct Removed {
  explicit Removed(const Machine& machine) : before(machine.session_files()) {}

  std::size_t count(const Machine& machine, const std::string& suffix) const {
    const std::vector<std::string> after = machine.session_files();
    return static_cast<std::size_t>(std::ranges::count_if(before, [&](const std::string& name) {
      return name.ends_with(suffix) && std::ranges::find(after, name) == after.end();
    }));
  }

  std::vector<std::string> before;
};

Answer sweep(Machine& machine) {
  const Removed removed(machine);
  const GcReport report = machine.store->gc();
  Answer answer{report.status.outcome(), report.errors > 0 || report.in_use > 0 || machine.met_a_lock()};
  if (report.errors > 0 && report.first_error.empty()) answer.wrong = "an error without words";
  if (!report.complete && report.errors == 0 && report.status.ok()) answer.wrong = "did not look at every shard";
  if (removed.count(machine, ".temp") + removed.count(machine, "~") + removed.count(machine, "") <
      report.expired + report.leftovers + report.spares)
    answer.wrong = "reports more than it has removed";
  if (!answer.admits_errors && report.status.ok() && removed.before.size() > 1 &&
      machine.session_files() != std::vector{Machine::record_name(machine.key())})
    answer.wrong = "leaves something and says nothing of it";
  return answer;
}

Answer count_only(Machine& machine) {
  const auto before = machine.session_files();
  const GcReport report = machine.store->gc({.dry_run = true});
  Answer answer{report.status.outcome(), report.errors > 0};
  if (machine.session_files() != before) answer.wrong = "a dry run has removed something";
  return answer;
}

Answer sweep_on_hold(Machine& machine) {
  const auto before = machine.session_files();
  const GcReport report = machine.store->gc();
  Answer answer{report.status.outcome(), report.errors > 0};
  if (report.status.ok() && report.held_for == std::chrono::milliseconds(0))
    answer.wrong = "does not see that the clock was set ahead";
  if (machine.session_files() != before) answer.wrong = "removes something though the clock was set ahead";
  return answer;
}

void sweep_before(Machine& machine) {
  if (!machine.store->gc().complete) throw std::logic_error("cannot sweep");
}

}  // namespace

std::vector<Subject> sweeps() {
  return {
      {.name = "sweep",
       .run = sweep,
       .setting = {.furnish = furnish},
       .ready = wait_long,
       .needs_all_shards = true,
       .has_steps = true},
      {.name = "dry run of a sweep",
       .run = count_only,
       .setting = {.furnish = furnish},
       .ready = wait_long,
       .needs_all_shards = true},
      {.name = "sweep after the clock was set ahead",
       .run = sweep_on_hold,
       .setting = {.furnish = sweep_before},
       .ready = [](Machine& machine) { machine.fake->set_wall_clock(std::chrono::seconds(1'800'000'000)); },
       .needs_all_shards = true},
  };
}

}  // namespace sess::test
