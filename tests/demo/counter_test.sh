#!/usr/bin/env bash
# The demo's program in C and the site in C++ on one store: who is logged in here is logged in there, both count in one
# session, also at the same moment; a notice is shown once; the last apple is taken once.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/support/demo_programs.bash
source tests/support/demo_programs.bash

# ask PROGRAM COOKIES METHOD PATH [TOKEN [BODY]]: the whole answer, without carriage returns.
ask() {
  local body=${6:-}
  env HTTP_COOKIE="$2" REQUEST_METHOD="$3" SCRIPT_NAME="/$1" PATH_INFO="$4" HTTP_X_CSRF_TOKEN="${5:-}" \
    CONTENT_TYPE=application/x-www-form-urlencoded CONTENT_LENGTH="${#body}" "$build/demo/$1.cgi" <<<"$body" | tr -d '\r'
}
token_in() { sed -n "s/.*\\(let token = '\\|\"token\":\"\\|name=\"csrf_token\" value=\"\\)\\([A-Za-z0-9_-]*\\).*/\\2/p" <<<"$1"; }

try_all() {
  # A visitor comes to the program in C, and logs in at the one in C++ with the token that he got there.
  local answer visitor ann token
  answer=$(ask counter '' GET /)
  expect "$answer" '^Status: 200 '
  visitor=$(cookies_in "$answer")
  token=$(token_in "$answer")
  [ ${#token} -eq 86 ] || fail "the page has no token: $answer"
  expect "$(ask counter "$visitor" GET /me)" '"user":null,"visits":0,"polls":0,'
  expect "$(ask counter "$visitor" POST /visit)" '^Status: 403 '
  answer=$(ask counter "$visitor" POST /visit "$token")
  expect "$answer" '^{"visits":1}$'
  answer=$(ask site "$visitor" POST /login "$token" 'user=ann&password=apples')
  expect "$answer" '"user":"ann"'
  ann=$(cookies_in "$answer")
  [[ $ann == *sid-auth=* ]] || fail "the login set other cookies: $ann"

  # One session from both sides.
  answer=$(ask counter "$ann" GET /me)
  expect "$answer" '"user":"ann","visits":1,"polls":0,'
  token=$(token_in "$answer")
  expect "$(ask site "$ann" POST /visit "$token")" '"visits":2'
  expect "$(ask counter "$ann" POST /visit "$token")" '"visits":3'
  expect "$(ask site "$ann" GET /info)" '"polls":1'
  expect "$(ask counter "$ann" GET /me)" '"visits":3,"polls":1,'

  # Counting by a form: sent back to the page, which says so once.
  answer=$(ask counter "$ann" POST /count '' "csrf_token=$token")
  expect "$answer" '^Status: 303 '
  expect "$answer" '^Location: /counter/$'
  answer=$(ask counter "$ann" GET /)
  expect "$answer" '<p role="status">Counted.</p>'
  expect "$answer" 'Visits of ann: 4<'
  expect_not "$(ask counter "$ann" GET /)" 'Counted.'

  # Three apples are there at first. Then thirty, of a stock that holds something else too: whoever asks at once, each is
  # given out once.
  for left in 2 1 0; do expect "$(ask counter "$ann" POST /reserve "$token")" "^{\"apples\":$left}\$"; done
  expect "$(ask counter "$ann" POST /reserve "$token")" '^Status: 409 '
  session() { "$build/bin/sessctl" --store "$DEMO_STORE" "$1" --id - "$2" <<<"${ann##*sid-auth=}"; }
  session set 'stock:={"apples": 30, "pears": 2}'
  seq 40 | one_each 10 counter /reserve
  [ "$(grep -ho '"apples":[0-9]*' "$work"/answers/* | grep -o '[0-9]*' | sort -n | paste -sd ' ')" = "$(seq -s ' ' 0 29)" ] ||
    fail "the apples were given out as $(cat "$work"/answers/*)"
  [ "$(grep -lx 'Status: 409 Conflict' "$work"/answers/* | wc -l)" = 10 ] || fail 'not ten were refused'
  expect "$(session get stock | tr -d ' ')" '"pears":2'

  # Forty at once, half of each program: all count.
  seq 40 | one_each 10 'counter site' /visit
  [ "$(grep -l '^Status: 200 ' "$work"/answers/* | wc -l)" = 40 ] || fail "not all visits were counted: $(cat "$work"/answers/*)"
  expect "$(ask counter "$ann" GET /me)" '"visits":44,'
  expect "$(ask site "$ann" GET /me)" '"visits":44'

  # Logged out there is logged out here.
  expect "$(ask site "$ann" POST /logout "$token")" '^Status: 200 '
  expect "$(ask counter "$ann" GET /me)" '"user":null,"visits":0,'
  expect "$(ask counter "$ann" GET /nowhere)" '^Status: 404 '
  expect_not "$(ask counter '' GET /nowhere)" 'Set-Cookie'
}

# one_each AT_ONCE PROGRAMS PATH: for each line of standard input a POST of ann's, by the programs in turns.
one_each() {
  rm -rf "$work/answers" && mkdir "$work/answers"
  export ann token build work
  export -f ask
  # shellcheck disable=SC2016 # the inner shell expands it
  PROGRAMS=$2 ADDRESS=$3 xargs -P "$1" -I '{}' bash -c '
    read -r -a programs <<<"$PROGRAMS"
    ask "${programs[$1 % ${#programs[@]}]}" "$ann" POST "$ADDRESS" "$token" >"$work/answers/$1"' one '{}'
}

# What a session of the program in C has on disk.
has_text() {
  local page
  page=$(ask counter '' GET /)
  expect "$(ask counter "$(cookies_in "$page")" POST /visit "$(token_in "$page")")" '"visits":1'
  grep -rqa visits "$DEMO_STORE/shards"
}

try_all
has_text || fail 'a session that is not sealed cannot be read on disk: this test sees nothing'
rm -rf "${DEMO_STORE:?}" && "$build/bin/sessctl" --store "$DEMO_STORE" init >>"$work/init.log"
export DEMO_SEALED=1
try_all
! has_text || fail 'a sealed session can be read on disk'
unset DEMO_SEALED
expect "$(DEMO_SECURE=1 ask counter '' GET /)" '^Set-Cookie: __Host-sid=.*; Secure'
! DEMO_STORE='' ask counter '' GET / >/dev/null 2>&1 || fail 'it ran without a store'
echo 'demo counter: ok'
