#include "command_line.hpp"
#include "failure.hpp"
#include "json_value.hpp"
#include "open_store.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

namespace sessctl {

ExitCode run_rotate_keys(const Invocation& invocation) {
  CommandLine line(
      invocation, "",
      "Makes a new secret for session IDs. Programs that have the store open find it by themselves, before\n"
      "the first ID is signed with it, and IDs of the earlier secrets stay valid for as long as --keep\n"
      "says: nobody is logged out. Run it from cron, say once in three months. Exit code 75: the last\n"
      "rotation is only seconds ago, or all of 127 secrets are still kept.\n"
      "\n"
      "After a theft of the store's file 'keys': --keep 0, then restart every program that uses the store.\n"
      "No ID that was issued before is accepted any more, so nobody can use the sessions there were. They\n"
      "are listed and counted until they expire and are swept; 'sessctl rm --all --yes' removes them now,\n"
      "with those that were made since.\n"
      "\n"
      "  sessctl rotate-keys\n");
  std::optional<std::chrono::milliseconds> keep;
  line.add_duration("--keep", keep, std::chrono::milliseconds(0),
                    "Accept IDs of a secret for so long after it was\nreplaced (default: 400d, the longest life of a "
                    "cookie)");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");

  const sess::Store store = open_store(line.store_path());
  sess::KeyRotationOptions options;
  if (keep) options.keep = std::chrono::duration_cast<std::chrono::seconds>(*keep);
  try {
    const sess::KeyRotation rotation = store.rotate_keys(options);
    if (line.json()) {
      invocation.out.print_line(JsonLine()
                                    .add("number", std::uint64_t{rotation.number})
                                    .add("signs_after_s", rotation.signs_after.count())
                                    .add("kept", std::uint64_t{rotation.kept})
                                    .add("dropped", std::uint64_t{rotation.dropped})
                                    .text());
    } else {
      // Who runs looks when it makes a session, or meets an ID of a secret that it does not know: until then it accepts
      // what it knows.
      const bool is_for_all = options.keep == std::chrono::seconds::zero();
      invocation.out.print_line(fmt::format(
          "secret {} signs new session IDs {}, kept {} earlier, dropped {}{}", rotation.number,
          rotation.signs_after.count() == 0 ? std::string("from now on")
                                            : fmt::format("in {} s", rotation.signs_after.count()),
          rotation.kept, rotation.dropped,
          is_for_all ? "; restart every program that uses the store: until then it may go on accepting what "
                       "was dropped"
                     : ""));
    }
  } catch (const sess::UsageError& error) {
    throw Failure(ExitCode::busy, error.what(), "try again later");
  }
  return ExitCode::ok;
}

}  // namespace sessctl
