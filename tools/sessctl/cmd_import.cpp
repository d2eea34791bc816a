#include "command_line.hpp"
#include "duration.hpp"
#include "export_lines.hpp"
#include "failure.hpp"
#include "human.hpp"
#include "import_export.hpp"
#include "import_php.hpp"
#include "import_result.hpp"
#include "input_lines.hpp"
#include "open_store.hpp"
#include "report.hpp"

#include <sess/error.hpp>
#include <sess/transfer.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

namespace sessctl {
namespace {

constexpr std::uint64_t largest_size_limit = std::uint64_t{1} << 30;  // of StoreOptions

constexpr std::array<std::string_view, 3> handlers{"php", "php_binary", "php_serialize"};

/// Options for PHP's files.
struct PhpOptions {
  bool is_php = false;
  std::optional<std::string> map;
  std::optional<std::string> handler;
  bool skips_objects = false;
  std::optional<std::chrono::milliseconds> idle;
  std::optional<std::chrono::milliseconds> lifetime;

  void add_to(CommandLine& line) {
    const sess::StoreOptions defaults;
    const std::chrono::milliseconds least(1);
    line.add_flag("--php", is_php, "Import session files of PHP; needs --map");
    line.add_text("--map", map, "FILE", "Write here which new ID each session of PHP has got");
    line.add_choice("--php-handler", handler, "NAME", handlers,
                    "php, php_binary or php_serialize; without it the one\nthat a file fits");
    line.add_flag("--skip-objects", skips_objects, "Leave objects and references out, and import the rest");
    line.add_duration("--idle", idle, least,
                      "PHP's session.gc_maxlifetime (default " + format_duration(defaults.idle_timeout) + ")");
    line.add_duration("--lifetime", lifetime, least,
                      "End so long after the last use in PHP (default " + format_duration(defaults.lifetime) + ")");
  }

  PhpImport take(const CommandLine& line) const {
    PhpImport how{.handler = std::nullopt,
                  .skips_objects = skips_objects,
                  .idle_timeout = idle.value_or(sess::StoreOptions().idle_timeout),
                  .lifetime = lifetime.value_or(sess::StoreOptions().lifetime)};
    if (!is_php && (map || handler || skips_objects || idle || lifetime))
      line.fail("--map, --php-handler, --skip-objects, --idle and --lifetime go with --php");
    if (is_php && (!map || map->empty()))
      line.fail("--php wants --map FILE: the sessions get new IDs, and nobody could use them without");
    if (handler) how.handler = php_handler_of(*handler);
    return how;
  }
};

/// A file system that fails ends the import. Who repairs it wants to know how far it has come, and whether what is
/// there is in the way of the next one.
void end_well(const ImportResult& result, const std::function<void()>& import) {
  try {
    import();
  } catch (const sess::IoError& error) {
    throw Failure(exit_code_of(error.error_number()), error.what(),
                  fmt::format("{}; imported so far: {}, and another import makes the others", advice_on(error),
                              counted(result.imported(), "session")));
  }
}

}  // namespace

ExitCode run_import(const Invocation& invocation) {
  CommandLine line(invocation, "[FILE] | --php DIR|FILE...",
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
                   "  sessctl --store old export | sessctl --store new import\n"
                   "\n"
                   "With --php the sessions of PHP's files (sess_*) are made, each under a new ID: the file of --map\n"
                   "has lines of PHP's ID and the new one, for the program that is to exchange a visitor's cookie.\n"
                   "Keep it as secret as the cookies. A file with objects is reported and not imported.\n"
                   "\n"
                   "  sessctl import --php /var/lib/php/sessions --map ids --idle 24m\n");
  PhpOptions php;
  std::optional<std::string> size_limit_text;
  line.add_wait();
  line.add_text("--size-limit", size_limit_text, "SIZE",
                "Pass over lines that are too long for sessions of this\nsize (default 1M, as in programs)");
  php.add_to(line);
  if (!line.parse()) return ExitCode::ok;
  const PhpImport how = php.take(line);
  if (php.is_php && line.operands().empty()) line.fail("--php wants directories, or files named sess_...");
  if (!php.is_php && line.operands().size() > 1) line.fail("wants one file, or none");

  const std::optional<std::uint64_t> size_limit =
      size_limit_text ? parse_size(*size_limit_text) : sess::StoreOptions().size_limit;
  if (php.is_php && size_limit_text) line.fail("--size-limit is for lines, and --php has files");
  if (!size_limit || *size_limit == 0 || *size_limit > largest_size_limit)
    line.fail("--size-limit wants a number of bytes, or with K, M or G, such as 20M, up to 1G");

  ImportResult result;
  // The file, or the directories, and the map are opened first: who runs this may open them, and the owner of the
  // store, whom root becomes, perhaps not. PHP's files are opened one by one, by the owner.
  if (php.is_php) {
    const PhpFiles files(line.operands());
    PhpMap map(*php.map);
    const sess::Store store = open_store(line.store_path(), line.store_options());
    end_well(result, [&] {
      const auto failed = import_php(files, map, how, store, result);
      map.sync();
      sess::Restoration(store).finish();
      map.mark_made(failed);
      map.sync();
    });
  } else {
    const std::string file = line.operands().empty() ? "-" : line.operands().front();
    InputLines input(file, longest_line(*size_limit));
    const sess::Store store = open_store(line.store_path(), line.store_options());
    if (file == "-" && ::isatty(STDIN_FILENO) == 1)
      complain("reading an export from the terminal; Ctrl-D at the beginning of a line ends it");
    end_well(result, [&] {
      import_export(input, store, *size_limit, result);
      sess::Restoration(store).finish();
    });
  }
  result.print(invocation.out, line.json());
  return result.code();
}

}  // namespace sessctl
