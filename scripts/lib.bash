# Shared by the check-* scripts: sourced, not run. Goes to the top of the tree; the caller says `set -euo pipefail`.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# Where the objects to look at are, and the scratch folder of the checks.
SESS_BUILD=${SESS_BUILD:-build}
CHECK_DIR=build/check
JOBS=${JOBS:-$(nproc)}

# Names of all files of the tree that match the patterns: tracked, or new and not ignored. Outside a git checkout
# (an unpacked archive) everything below the folders of the project counts.
tree_files() {
  local pattern
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u
  else
    for pattern in "$@"; do
      find . '(' -path ./build -o -path ./.git ')' -prune -o -type f -path "./$pattern" -print | sed 's|^\./||'
    done | sort -u
  fi | while IFS= read -r file; do
    # A tracked file may have been removed from the working tree.
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
  done
}

# The compiler flags of the build, asked from the Makefile so that there is one place for them.
compile_flags() {
  MAKEFLAGS='' make --no-print-directory -s print-flags
}

# The same for C.
compile_c_flags() {
  MAKEFLAGS='' make --no-print-directory -s print-c-flags
}

# Extra include folders by place, as in the Makefile.
place_flags() {
  case $1 in
    tools/*) printf '%s' '-Itools' ;;
    tests/*) printf '%s' '-Itests' ;;
  esac
}

need() {
  local program
  for program in "$@"; do
    if ! command -v "$program" >/dev/null; then
      printf 'not ok %s: %s is missing (scripts/install-deps check installs it)\n' "$CHECK" "$program"
      exit 1
    fi
  done
}

# verdict STATUS WORDS: the last line of every check.
verdict() {
  if [ "$1" -eq 0 ]; then
    printf 'ok %s\n' "$2"
  else
    printf 'not ok %s\n' "$2"
  fi
  exit "$1"
}

# run_cached SALT: reads file names from standard input and runs `check_one FILE`, a function of the caller, on each,
# several at a time. A file that passed is not checked again until it, a header of the project that it includes, the
# check, or SALT (flags, tool version, configuration) changes. Answers 1 if any file failed.
run_cached() {
  # The check itself is part of the salt: what an earlier version of it let pass is checked again.
  SALT="$1 $(cat "scripts/$(basename "$0")" scripts/lib.bash | sha256sum | cut -c 1-16)"
  export CHECK CHECK_DIR SESS_BUILD FLAGS=${FLAGS:-} C_FLAGS=${C_FLAGS:-} SALT
  export -f check_one cached_one built_of place_flags
  # shellcheck disable=SC2016 # expanded by the inner shell
  xargs -r -P "$JOBS" -I '{}' bash -c 'set -euo pipefail; cached_one "$1"' cached_one '{}' || return 1
}

# built_of SOURCE: what its object is made of, as the build has written it down; fails if that is not there, or anything has
# changed since.
built_of() {
  local rule=$SESS_BUILD/obj/${1%.*}.d each
  [ -f "$rule" ] || return 1
  # The first rule; those behind it are empty ones, for headers that may go.
  for each in $(sed -e 's/^[^:]*://' -e '/[^\]$/q' "$rule" | tr -d "\\\\"); do
    if [ "$each" -nt "$rule" ] || [ ! -e "$each" ]; then return 1; fi
    printf '%s\n' "$each"
  done
}

cached_one() {
  local file=$1 record=$CHECK_DIR/$CHECK/$1.ok output dependencies
  if [ -f "$record" ] && [ "$(head -n 1 "$record")" = "$SALT" ] &&
    tail -n +2 "$record" | sha256sum --check --status 2>/dev/null; then
    return 0
  fi
  mkdir -p "$(dirname "$record")"
  rm -f "$record"
  # Hashed before the check, so that a file that changes meanwhile is checked again.
  # shellcheck disable=SC2046,SC2086 # the flags are words, and no name of the project has a space
  dependencies=$(built_of "$file" || g++ $FLAGS $(place_flags "$file") -x c++ -MM -MT x "$file" 2>/dev/null |
    tr ' ' '\n' | sed -e '/^x:$/d' -e '/^[\]*$/d') || dependencies=
  dependencies=$(xargs -r sha256sum <<<"$dependencies") || dependencies=
  # Collected, so that the findings of two files do not mix.
  if output=$(check_one "$file" 2>&1); then
    if [ -n "$dependencies" ]; then printf '%s\n%s\n' "$SALT" "$dependencies" >"$record"; fi
  else
    printf '%s\n' "$output"
    return 1
  fi
}
