#include "command_line.hpp"
#include "json_value.hpp"
#include "open_store.hpp"

namespace sessctl {

ExitCode run_init(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "A store that is already there stays as it is, and that is no error. A directory that\n"
                   "holds anything else is refused. As root in a directory of another user, sessctl becomes\n"
                   "that user first: to make a store for www-data,\n"
                   "\n"
                   "  install -d -m 700 -o www-data /var/lib/shop/sessions\n"
                   "  sessctl init --store /var/lib/shop/sessions\n");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments: --store names the directory");

  const sess::StoreFacts facts = init_store(line.store_path()).facts();
  if (line.json())
    invocation.out.print_line(JsonLine()
                                  .add("path", facts.path)
                                  .add("format", facts.format)
                                  .add("shards", facts.shards)
                                  .add("exchange", facts.exchange)
                                  .text());
  return ExitCode::ok;
}

}  // namespace sessctl
