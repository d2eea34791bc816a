#include "completion.hpp"

namespace sessctl {
namespace {

// bash has split words at '=' (COMP_WORDBREAKS), and gives them as they were typed.
constexpr std::string_view for_bash = R"(# sessctl's words, for bash: made by 'sessctl completion bash'.
_sessctl() {
  local line also='' word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) also=$line ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  case $also in
    :directories)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "$word")
      ;;
    :files)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      ;;
    :list) compopt -o nospace 2>/dev/null ;;
  esac
}
complete -F _sessctl sessctl
)";

// ':' separates a word from its description. Loaded from a directory of $fpath, the function's body is this file.
constexpr std::string_view for_zsh = R"(#compdef sessctl
# sessctl's words, for zsh: made by 'sessctl completion zsh'.
_sessctl() {
  local line also=''
  local -a found
  while IFS= read -r line; do
    case $line in
      :*) also=$line ;;
      *) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done < <("${words[1]}" completion words -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)
  case $also in
    :directories) _files -/ ;;
    :files) _files ;;
    :list) _describe -t words sessctl found -S '' ;;
    *) _describe -t words sessctl found ;;
  esac
}
if [[ ${funcstack[1]} == _sessctl ]]; then
  _sessctl "$@"
else
  compdef _sessctl sessctl
fi
)";

constexpr std::string_view for_fish = R"(# sessctl's words, for fish: made by 'sessctl completion fish'.
function __sessctl_lines
    set -l words (commandline -opc) (commandline -ct)
    $words[1] completion words -- $words[2..-1] 2>/dev/null
end
function __sessctl_words
    __sessctl_lines | string match -v ':*'
end
function __sessctl_also
    __sessctl_lines | string match -q ":$argv[1]"
end
complete -c sessctl -f -a '(__sessctl_words)'
complete -c sessctl -n '__sessctl_also directories' -x -a '(__fish_complete_directories (commandline -ct) "")'
complete -c sessctl -n '__sessctl_also files' -F
)";

}  // namespace

std::string_view completion_script(std::string_view shell) noexcept {
  if (shell == "bash") return for_bash;
  if (shell == "zsh") return for_zsh;
  if (shell == "fish") return for_fish;
  return {};
}

}  // namespace sessctl
