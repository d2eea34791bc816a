#include "command_line.hpp"
#include "json_value.hpp"
#include "open_store.hpp"

#include <fmt/format.h>

namespace sessctl {

ExitCode run_upgrade(const Invocation& invocation) {
  CommandLine line(
      invocation, "",
      "Has sessions written in the newest format that this sessctl knows, by every program that opens the\n"
      "store from now on. Until then programs of an older and a newer libsess share the store. Do it when\n"
      "each of them, on every machine, has the newer one: older ones refuse the store afterwards, and there\n"
      "is no way back. Sessions stay: each is written in the new format when it changes next. Restart\n"
      "programs that run on and on; until then they write the old format, which stays readable.\n"
      "\n"
      "  sessctl upgrade --dry-run\n"
      "  sessctl upgrade\n");
  bool dry_run = false;
  line.add_flag("--dry-run", dry_run, "Say which formats they are and change nothing");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");

  const std::string path = line.store_path();
  const sess::StoreFacts facts = open_store(path).facts();
  sess::FormatUpgrade upgrade{facts.format, facts.newest_format};
  if (!dry_run) upgrade = sess::Store::upgrade(path);
  if (line.json())
    invocation.out.print_line(
        JsonLine().add("dry_run", dry_run).add("from", upgrade.from).add("to", upgrade.to).text());
  else if (upgrade.from == upgrade.to)
    invocation.out.print_line(fmt::format("the store has format {} already, the newest", upgrade.from));
  else
    invocation.out.print_line(
        fmt::format("{} the format from {} to {}", dry_run ? "would raise" : "raised", upgrade.from, upgrade.to));
  return ExitCode::ok;
}

}  // namespace sessctl
