#include "command_line.hpp"
#include "export_lines.hpp"
#include "failure.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "selection.hpp"
#include "session_name.hpp"
#include "unread_parts.hpp"

#include <sess/error.hpp>
#include <sess/transfer.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace sessctl {

ExitCode run_export(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Prints every live session as a line of JSON, between a header and a line that counts them:\n"
                   "for 'sessctl import' in another store, or as a backup. Each is one committed version. Nobody is\n"
                   "waited for, and nothing is renewed. The values are all there, so keep the output from others\n"
                   "(umask 077); IDs are not. What an import needs beside it is the file 'keys' of this store: see\n"
                   "'sessctl import --help'.\n"
                   "\n"
                   "The sessions come in the order of their keys. An export that was cut off goes on with --after and\n"
                   "the last key that it has. A record that cannot be read is reported and left out, and the exit\n"
                   "code is 65.\n"
                   "\n"
                   "  umask 077; sessctl export > sessions.jsonl\n"
                   "  sessctl export --kind authenticated | gzip > logins.jsonl.gz\n");
  Selection selection;
  std::optional<std::string> after_text;
  selection.add_options(line);
  line.add_text("--after", after_text, "KEY", "Only those whose keys come after this one");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  selection.take(line);
  std::optional<sess::SessionKey> after;
  if (after_text) {
    after = sess::SessionKey::parse(digits_of_key(*after_text).value_or(""));
    if (!after) line.fail("--after wants a key in full, 40 hexadecimal digits");
    if (selection.principal()) line.fail("--after goes by the order of keys, and --principal by that of logins");
  }

  const sess::Store store = open_store(line.store_path());
  ExitCode code = ExitCode::ok;
  ExportEnd end;
  invocation.out.print_line(to_line(ExportHeader{sess::keyring_marks(store)}));
  const auto print = [&](const sess::SessionEntry& entry) {
    if (after && entry.key.bytes() <= after->bytes()) return true;
    const auto leave_out = [&](std::string_view why) {
      complain(fmt::format("export session \"{}\": {}; it is left out, and 'sessctl verify' says what to do",
                           entry.key.to_string(), why));
      ++end.left_out;
      code = ExitCode::data;
    };
    if (!entry.problem.empty() && selection.has_conditions()) {
      leave_out(entry.problem + ", so nobody can tell whether it is meant");
      return true;
    }
    try {
      const auto copy = sess::copy_of(store, entry.key);
      if (!copy) return true;  // it has ended since it was listed
      invocation.out.print_line(to_line(*copy));
      ++end.sessions;
    } catch (const sess::CorruptRecord& error) {
      leave_out(error.why());
    }
    return true;
  };
  UnreadParts unread;
  selection.visit(store, print, unread.callback());
  end.directories_left_out = unread.count();
  invocation.out.print_line(to_line(end));
  unread.require_none();
  return code;
}

}  // namespace sessctl
