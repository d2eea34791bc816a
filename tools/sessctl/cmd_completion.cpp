#include "command_line.hpp"
#include "command_table.hpp"

#include <string>
#include <string_view>

namespace sessctl {
namespace {

// Options are asked for when they are needed: only a command itself knows them.
constexpr std::string_view before_commands = R"(# sessctl's words, for bash: made by 'sessctl completion bash'.
_sessctl() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' action='' is_value='' i
  local columns='key kind age idle-left size generation created deadline sealed state' values='' before=''
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ $is_value ]]; then
      is_value=
    elif [[ ${COMP_WORDS[i]} == --store ]]; then
      is_value=yes
    elif [[ ${COMP_WORDS[i]} != -* && ! $command ]]; then
      command=${COMP_WORDS[i]}
      [[ $command == help ]] && command=
    elif [[ $command && ' ls show restore purge bash ' == *" ${COMP_WORDS[i]} "* ]]; then
      action=${COMP_WORDS[i]}
    fi
  done
  case $previous in
    --color) values='auto always never' ;;
    --kind) values='anonymous authenticated' ;;
    --state) values='live superseded expired unreadable all' ;;
    --php-handler) values='php php_binary php_serialize' ;;
    --sort) values=$columns ;;
  esac
  COMPREPLY=()
  if [[ $previous == --store ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$word")
  elif [[ $previous == --columns ]]; then
    # The last of those that commas separate; another one may follow.
    compopt -o nospace 2>/dev/null
    [[ $word == *,* ]] && before=${word%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$columns" -- "${word##*,}")
  elif [[ $values ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$word")
  elif [[ $word == -* ]]; then
    local options='--store --help --version'
    [[ $command ]] && options=$("${COMP_WORDS[0]}" "$command" --help 2>/dev/null |
      sed -n 's/^  \(-h,\)\{0,1\}\(--[a-z-]*\).*/\2/p')
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ ! $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W ')";
constexpr std::string_view behind_commands = R"(help' -- "$word")
  elif [[ $command == quarantine && ! $action ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'ls show restore purge' -- "$word")
  elif [[ $command == completion && ! $action ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'bash' -- "$word")
  fi
}
complete -o default -F _sessctl sessctl
)";

}  // namespace

ExitCode run_completion(const Invocation& invocation) {
  CommandLine line(invocation, "bash",
                   "Prints a script by which a shell completes the names of commands and options. It needs no\n"
                   "store. There is one for bash.\n"
                   "\n"
                   "  sessctl completion bash >/usr/share/bash-completion/completions/sessctl\n"
                   "  source <(sessctl completion bash)\n");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(1, 1, "the name of a shell");
  if (line.operands()[0] != "bash") line.fail("there is a script for bash alone");
  if (line.json()) line.fail("a script has no form in JSON");

  std::string script(before_commands);
  for (const Command& command : command_table()) script.append(command.name).append(" ");
  invocation.out.print(script.append(behind_commands));
  return ExitCode::ok;
}

}  // namespace sessctl
