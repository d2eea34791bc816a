#include "command_line.hpp"
#include "offers.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {
namespace {

// The scripts know nothing of sessctl: what fits is asked of it each time, by "sessctl completion words", and is of the
// version that is installed. Its answer is a line for each word, with a tabulator before what is said about it, or a
// colon and what the shell is to offer by itself.

constexpr std::string_view bash_script = R"(# sessctl's words, for bash: made by 'sessctl completion bash'.
_sessctl() {
  local current=${COMP_WORDS[COMP_CWORD]} before='' line='' word='' previous='' words=() i
  # Not what a relative path names: that may be anybody's file, and nothing has been started yet.
  local program=${COMP_WORDS[0]}
  [[ $program == /* ]] || program=sessctl
  for ((i = 1; i <= COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]//[\"\'\\]/}
    # To bash '=' and ':' are words (COMP_WORDBREAKS), to sessctl they are parts of one.
    if [[ ${#words[@]} -gt 0 && ($word =~ ^[=:]+$ || $previous =~ ^[=:]+$) ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    previous=$word
  done
  current=${current//[\"\'\\]/}
  if [[ $current =~ ^[=:]+$ ]]; then
    current=''
  elif [[ $current == --*=* ]]; then
    before=${current%%=*}=
    current=${current#*=}
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :directories)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -P "$before" -d -- "$current")
        ;;
      :files)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -P "$before" -f -- "$current")
        ;;
      :commands) mapfile -t COMPREPLY < <(compgen -P "$before" -c -- "$current") ;;
      :continues) compopt -o nospace 2>/dev/null ;;
      *)
        word=${line%%$'\t'*}
        [[ $word == "$current"* ]] && COMPREPLY+=("$before$word")
        ;;
    esac
  done < <(command "$program" completion words -- "${words[@]}" 2>/dev/null)
}
complete -F _sessctl sessctl
)";

constexpr std::string_view zsh_script = R"(#compdef sessctl
# sessctl's words, for zsh: made by 'sessctl completion zsh'.
_sessctl() {
  local line word
  local -a offers endings lines
  local -a before=("${(@Q)words[2,CURRENT-1]}")
  (( CURRENT > 2 )) || before=()
  # Not what a relative path names: that may be anybody's file, and nothing has been started yet.
  local program=${(Q)words[1]}
  [[ $program == /* ]] || program=sessctl
  lines=("${(@f)$(command "$program" completion words -- "${before[@]}" "${(Q)PREFIX}" 2>/dev/null)}")
  compset -P 1 '--*='
  for line in "${lines[@]}"; do
    case $line in
      :directories) _files -/ ;;
      :files) _files ;;
      :commands) _command_names -e ;;
      :continues) endings=(-S '') ;;
      ?*)
        word=${line%%$'\t'*}
        [[ $line == *$'\t'* ]] && line=${line#*$'\t'} || line=
        offers+=("${word//:/\\:}${line:+:$line}")
        ;;
    esac
  done
  (( $#offers )) && _describe -t words word offers "${endings[@]}"
}
if [[ $funcstack[1] == _sessctl ]]; then
  _sessctl "$@"
else
  compdef _sessctl sessctl
fi
)";

constexpr std::string_view fish_script = R"(# sessctl's words, for fish: made by 'sessctl completion fish'.
function __sessctl_words
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l before (string match -r -- '^--[a-z-]+=' $current)
    set -l rest (string replace -r -- '^--[a-z-]+=' '' $current)
    # Not what a relative path names: that may be anybody's file, and nothing has been started yet.
    set -l program $words[1]
    string match -q -- '/*' $program; or set program sessctl
    for line in (command $program completion words -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':directories'
                printf "$before%s\n" (__fish_complete_directories "$rest" '')
            case ':files'
                printf "$before%s\n" (__fish_complete_path "$rest" '')
            case ':commands'
                printf "$before%s\n" (complete -C "$rest")
            case ':*'
            case '*'
                printf '%s%s\n' "$before" $line
        end
    end
end
complete -c sessctl -f -a '(__sessctl_words)'
)";

struct Shell {
  std::string_view name;
  std::string_view script;
};
constexpr std::array<Shell, 3> shells{{{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}}};

std::string names_of_shells() {
  std::string names;
  for (const Shell& shell : shells) names.append(names.empty() ? "" : " | ").append(shell.name);
  return names;
}

void print(const Offers& offers, Output& out) {
  if (offers.directories) out.print_line(":directories");
  if (offers.files) out.print_line(":files");
  if (offers.commands) out.print_line(":commands");
  if (offers.continues) out.print_line(":continues");
  for (const Offers::Offer& each : offers.words)
    out.print_line(each.summary.empty() ? each.word : each.word + "\t" + each.summary);
}

}  // namespace

ExitCode run_completion(const Invocation& invocation) {
  CommandLine line(invocation, names_of_shells(),
                   "Prints a script by which a shell completes commands, options and their arguments, keys of\n"
                   "sessions and names of values. It needs no store. The packages have all three in place.\n"
                   "\n"
                   "  source <(sessctl completion bash)\n"
                   "  sessctl completion bash >/usr/share/bash-completion/completions/sessctl\n"
                   "  sessctl completion zsh >/usr/share/zsh/vendor-completions/_sessctl\n"
                   "  sessctl completion fish >/usr/share/fish/vendor_completions.d/sessctl.fish\n"
                   "\n"
                   "The scripts ask 'sessctl completion words -- WORD...' what may stand in the place of the last\n"
                   "WORD. It looks into the store that the words name, and changes nothing.\n");
  if (!line.parse()) return ExitCode::ok;
  if (line.json()) line.fail("there is no form in JSON");
  std::vector<std::string> words = line.operands();
  if (!words.empty() && words.front() == "words") {
    words.erase(words.begin());
    // The end of this process: somebody waits at a prompt, and what is read may be a file system that has gone.
    constexpr unsigned longest_wait = 2;  // seconds
    ::alarm(longest_wait);
    print(offers_for(words, invocation.out), invocation.out);
    return ExitCode::ok;
  }
  line.require_operands(1, 1, "the name of a shell");
  const auto* const shell = std::ranges::find(shells, words.front(), &Shell::name);
  if (shell == shells.end()) line.fail("there are scripts for bash, zsh and fish");
  invocation.out.print(shell->script);
  return ExitCode::ok;
}

}  // namespace sessctl
