#include "command_line.hpp"
#include "import_export.hpp"
#include "import_result.hpp"
#include "input_lines.hpp"
#include "open_store.hpp"

#include <sess/transfer.hpp>

namespace sessctl {

ExitCode run_import(const Invocation& invocation) {
  CommandLine line(invocation, "[FILE]",
                   "Makes the sessions that 'sessctl export' has printed, from FILE or standard input: with their\n"
                   "keys, generations, deadlines and values. All are on disk when the command ends with 0.\n"
                   "\n"
                   "What is there stays: a session that is the same is counted as unchanged, another version under\n"
                   "the same key as kept, and one that has expired is not made. So an import that was interrupted\n"
                   "is simply run again. A line that is wrong is reported, and the others are imported.\n"
                   "\n"
                   "Visitors stay logged in if the new store has the keyring of the old one, and import refuses\n"
                   "another. What was ended in this store cannot be told from what was never there: import into a\n"
                   "new store, before any program uses it.\n"
                   "\n"
                   "  sessctl --store new init\n"
                   "  cp -p old/keys new/keys\n"
                   "  sessctl --store old export | sessctl --store new import\n");
  line.add_wait();
  if (!line.parse()) return ExitCode::ok;
  if (line.operands().size() > 1) line.fail("wants one file, or none");

  // Opened first: who runs this may read it, and the owner of the store perhaps not.
  InputLines input(line.operands().empty() ? "-" : line.operands().front());
  const sess::Store store = open_store(line.store_path(), line.store_options());
  ImportResult result;
  import_export(input, store, result);
  sess::Restoration(store).finish();
  result.print(invocation.out, line.json());
  return result.code();
}

}  // namespace sessctl
