# For tests that ask the demo's programs as a CGI server would: sourced from the top of the tree, not run. Makes a store,
# which is gone at the end.
# shellcheck shell=bash

build=$(realpath -m "${SESS_BUILD:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DEMO_STORE=$work/store
"$build/bin/sessctl" --store "$DEMO_STORE" init >"$work/init.log"

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}
cookies_in() { sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' <<<"$1" | paste -sd ';'; }
expect() { grep -q -- "$2" <<<"$1" || fail "no '$2' in: $1"; }
expect_not() { ! grep -q -- "$2" <<<"$1" || fail "'$2' in: $1"; }
