#!/usr/bin/env bash
# What README.md shows is done here: its program is compiled with its command against an installed tree and answers two
# requests of one visitor; every other command is run as it stands. Only the store's path is another one, and scripts/demo
# and scripts/test are left to CI, which calls them.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -n "${SAN:-}" ]; then
  echo 'not under a sanitizer: the installed library would need its run-time'
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "readme: $*" >&2
  exit 1
}

MAKEFLAGS='' make --no-print-directory -s install PREFIX="$work/usr" >/dev/null
export PKG_CONFIG_PATH=$work/usr/lib/pkgconfig LD_LIBRARY_PATH=$work/usr/lib PATH=$work/usr/bin:$PATH

# block LANGUAGE N: the N-th block of that language, with the store's path replaced.
block() {
  awk -v fence='```'"$1" -v wanted="$2" '
    $0 == "```" && inside { inside = 0; next }
    inside && count == wanted { print }
    $0 == fence { inside = 1; count++ }' README.md | sed "s|/var/lib/shop|$work/shop|g"
}

[ "$(grep -c '^```cpp$' README.md)" -eq 1 ] || fail "there is a program that this test does not know"
[ "$(grep -c '^```sh$' README.md)" -eq 3 ] || fail "there are commands that this test does not know"
block sh 1 | awk 'NF && $1 !~ /^scripts\// { exit 1 }' || fail "the first block is not scripts/demo and scripts/test"

block cpp 1 >"$work/visits.cpp"
(cd "$work" && block_two=$(cd "$OLDPWD" && block sh 2) && bash -euo pipefail -c "$block_two") || fail "block 2 failed"

request() {
  env -i LD_LIBRARY_PATH="$LD_LIBRARY_PATH" GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET SCRIPT_NAME=/visits \
    QUERY_STRING= SERVER_PROTOCOL=HTTP/1.1 HTTP_COOKIE="${1:-}" "$work/visits.cgi" </dev/null | tr -d '\r'
}
first=$(request)
grep -qx 'visits: 1' <<<"$first" || fail "the first request answered: $first"
cookie=$(sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' <<<"$first")
[ -n "$cookie" ] || fail "the first request set no cookie"
second=$(request "$cookie")
grep -qx 'visits: 2' <<<"$second" || fail "the second request answered: $second"

output=$(bash -euo pipefail -c "$(block sh 3)") || fail "block 3 failed"
grep -q '"sessions":1' <<<"$output" || fail "sessctl stats did not count one session: $output"
id=${cookie#*=}
! grep -rqF -- "$id" "$work/shop" || fail "the store holds the session ID"
echo "readme: ok"
