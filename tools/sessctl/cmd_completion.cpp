#include "command_line.hpp"
#include "completion.hpp"
#include "escape.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

ExitCode run_completion(const Invocation& invocation) {
  CommandLine line(
      invocation, "bash|zsh|fish",
      "Prints a script by which a shell completes commands, options, the arguments of which there are\n"
      "only some, and keys of sessions. It needs no store.\n"
      "\n"
      "  sessctl completion bash >/usr/share/bash-completion/completions/sessctl\n"
      "  sessctl completion zsh >/usr/local/share/zsh/site-functions/_sessctl\n"
      "  sessctl completion fish >/etc/fish/completions/sessctl.fish\n"
      "  source <(sessctl completion bash)\n"
      "\n"
      "The scripts ask 'sessctl completion words -- WORD...' with the words up to the cursor, for lines of\n"
      "a word, a tab and a description.\n");
  if (!line.parse()) return ExitCode::ok;
  if (line.json()) line.fail("a script has no form in JSON");
  std::vector<std::string>& operands = line.operands();
  if (!operands.empty() && operands.front() == "words") {
    const Completion completion = complete({operands.begin() + 1, operands.end()});
    for (const Candidate& candidate : completion.candidates)
      invocation.out.print_line(without_controls(candidate.word) + "\t" + candidate.description);
    switch (completion.also) {
      case Completion::Also::nothing:
        break;
      case Completion::Also::directories:
        invocation.out.print_line(":directories");
        break;
      case Completion::Also::files:
        invocation.out.print_line(":files");
        break;
      case Completion::Also::list:
        invocation.out.print_line(":list");
        break;
    }
    return ExitCode::ok;
  }
  line.require_operands(1, 1, "the name of a shell");
  const std::string_view script = completion_script(operands.front());
  if (script.empty()) line.fail("there are scripts for bash, zsh and fish");
  invocation.out.print(script);
  return ExitCode::ok;
}

}  // namespace sessctl
