#!/usr/bin/env bash
# The demo site over libsess, asked as a CGI program: login with tokens, notices, the page without scripts and cookies,
# logout on other devices, an address without a session, what browsers are told to forbid, the page that shows a
# visitor's own session, and the replay part.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/support/demo_programs.bash
source tests/support/demo_programs.bash

program=site.cgi
# ask COOKIES METHOD PATH [QUERY [BODY [TOKEN]]]: the whole answer, without carriage returns.
ask() {
  local body=${5:-}
  env HTTP_COOKIE="$1" REQUEST_METHOD="$2" SCRIPT_NAME=/site PATH_INFO="$3" QUERY_STRING="${4:-}" \
    CONTENT_TYPE=application/x-www-form-urlencoded CONTENT_LENGTH="${#body}" HTTP_X_CSRF_TOKEN="${6:-}" \
    "$build/demo/$program" <<<"$body" | tr -d '\r'
}
# The token that a page hands its script, or that /me answers.
token_in() { sed -n "s/.*\\(data-token=\"\\|\"token\":\"\\)\\([A-Za-z0-9_-]*\\).*/\\2/p" <<<"$1"; }

# A login: refused without a token, greeted once.
page=$(ask '' GET /)
visitor=$(cookies_in "$page")
token=$(token_in "$page")
[ ${#token} -eq 86 ] || fail "the page has no token: $page"
expect "$(ask "$visitor" POST /login '' 'user=ann&password=apples')" '^Status: 403 '
login=$(ask "$visitor" POST /login '' 'user=ann&password=apples' "$token")
expect "$login" '"user":"ann"'
expect "$login" 'Max-Age=2592000'
ann=$(cookies_in "$login")
[[ $ann == sid-auth=* ]] || fail "the login set other cookies: $ann"
expect "$(ask "$ann" GET /info)" '"notices":\["Welcome, ann."\]'
expect "$(ask "$ann" GET /info)" '"notices":\[\]'

# The same user elsewhere; each sees both logins; one ends the other.
page=$(ask '' GET /)
elsewhere=$(cookies_in "$(ask "$(cookies_in "$page")" POST /login '' 'user=ann&password=apples' "$(token_in "$page")")")
[ "$(ask "$elsewhere" GET /logins | grep -o '"key"' | wc -l)" = 2 ] || fail 'not two logins'
token=$(token_in "$(ask "$ann" GET /me)")
expect "$(ask "$ann" POST /logout-others)" '^Status: 403 '
expect "$(ask "$ann" POST /logout-others '' '' "$token")" '^Status: 200 '
expect "$(ask "$elsewhere" GET /me)" '"user":null'
expect "$(ask "$ann" GET /me)" '"user":"ann"'
answer=$(ask "$ann" POST /logout-everywhere '' '' "$token")
expect "$answer" '^Clear-Site-Data: "storage"'
expect "$(ask "$ann" GET /me)" '"user":null'

# The store's files say whose the session is, and with sealing not even that.
has_text() { grep -rqa -- "$1" "$DEMO_STORE/shards"; }
log_in_again() {
  page=$(ask '' GET /)
  cookies_in "$(ask "$(cookies_in "$page")" POST /login '' 'user=ann&password=apples' "$(token_in "$page")")"
}
ann=$(log_in_again)
expect "$(ask "$ann" GET /me)" '"user":"ann"'
has_text sess.principal || fail 'a session that is not sealed cannot be read on disk: this test sees nothing'
expect "$(ask "$ann" POST /logout-everywhere '' '' "$(token_in "$(ask "$ann" GET /me)")")" '^Status: 200 '
rm -rf "${DEMO_STORE:?}" && "$build/bin/sessctl" --store "$DEMO_STORE" init >>"$work/init.log"
export DEMO_SEALED=1
ann=$(log_in_again)
expect "$(ask "$ann" GET /me)" '"user":"ann"'
expect "$(ask "$ann" GET /info)" '"notices":\["Welcome, ann."\]'
! has_text sess.principal || fail 'a sealed session can be read on disk'
[ "$(find "$DEMO_STORE/shards" -type f | wc -l)" -gt 0 ] || fail 'there is no session on disk'
unset DEMO_SEALED

# Without scripts and cookies: what the links and the form of the page say is enough.
page=$(ask '' GET /plain)
query=$(sed -n 's/.*action="\/site\/plain?\([^"]*\)".*/\1/p' <<<"$page")
field=$(sed -n 's/.*name="csrf_token" value="\([^"]*\)".*/csrf_token=\1/p' <<<"$page")
[[ $query == session=* ]] || fail "the form carries no session: $page"
answer=$(ask '' POST /plain "$query" "$field")
expect "$answer" '^Status: 303 '
query=$(sed -n 's/^Location: \/site\/plain?//p' <<<"$answer")
page=$(ask '' GET /plain "$query")
expect "$page" 'Visits: 1<'
expect "$page" 'Counted.'
expect "$page" '^Referrer-Policy: same-origin'
expect_not "$(ask '' GET /plain "$query")" 'Counted.'

# Nothing of a session, nothing that caches could not keep.
answer=$(ask "$visitor" GET /health)
expect "$answer" '^up$'
expect_not "$answer" 'Set-Cookie'
expect_not "$answer" 'no-store'
# Forms of the site's page, sent by a browser without scripts: back to the page, which says what has happened.
page=$(ask '' GET /)
visitor=$(cookies_in "$page")
token=$(token_in "$page")
answer=$(HTTP_ACCEPT='text/html,*/*' ask "$visitor" POST /visit '' "csrf_token=$token")
expect "$answer" '^Status: 303 '
expect "$answer" '^Location: /site/$'
page=$(ask "$visitor" GET /)
expect "$page" 'id="visits">1<'
expect "$page" 'id="notice"[^>]*>Counted\.<'
answer=$(HTTP_ACCEPT=text/html ask "$visitor" POST /login '' "user=ann&password=pears&csrf_token=$token")
expect "$answer" '^Status: 303 '
expect "$(ask "$visitor" GET /)" 'There is no such user'

# No page has a script or a style in it, and every answer forbids what it does not need.
expect_strict() { # ANSWER POLICY
  expect "$1" "^Content-Security-Policy: default-src 'none'; $2"
  expect "$1" "^Content-Security-Policy: .*frame-ancestors 'none'"
  expect "$1" '^X-Content-Type-Options: nosniff'
  expect_not "$1" 'unsafe-'
  expect_not "$1" '<style\|style="\|<script>\| on[a-z]*="'
}
for path in / /plain /session; do
  page=$(ask "$visitor" GET "$path")
  expect_strict "$page" "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"
  expect "$page" '^Referrer-Policy: same-origin'
done
for path in /me /info /cart /captcha /session.json /logins; do
  expect_strict "$(ask "$visitor" GET "$path")" "frame-ancestors 'none'"
done

# A visitor's own session: facts and numbers, and neither an ID nor the digits of the captcha.
page=$(ask "$visitor" GET /)
ann=$(cookies_in "$(ask "$visitor" POST /login '' 'user=ann&password=apples' "$(token_in "$page")")")
expect "$(ask "$ann" GET /captcha)" '^Content-Type: image/svg'
answer=$(ask "$ann" GET /session.json)
key=$(sed -n 's/.*"key":"\([0-9a-f]\{40\}\)".*/\1/p' <<<"$answer")
code=$("$build/bin/sessctl" --store "$DEMO_STORE" get "$key" captcha)
[[ $code =~ ^[0-9]{5}$ ]] || fail "the captcha's digits are not in the session: $code"
expect "$answer" '"kind":"authenticated"'
expect "$answer" '"state":"live"'
expect "$answer" '"user":"ann"'
expect "$answer" '"size":[1-9]'
expect "$answer" '{"name":"visits","type":"integer","value":1}'
expect "$answer" '{"name":"captcha","type":"string"}'
expect_not "$answer" "\"$code\""
expect_not "$answer" "${ann#*=}"
expect_not "$answer" 'Set-Cookie'
expect_not "$(ask "$ann" GET /session)" "${ann#*=}"
expect "$(ask '' GET /session.json)" '"session":null'

# The replay part is there where slow pages are allowed, and nowhere else; what it tells and does is its own alone.
expect "$(ask '' GET /replay/info)" '^Status: 404 '
expect_not "$(ask '' POST /replay/visit)" '^Status: 200 '
export DEMO_SLOW_PAGES=1
for wanted in 'site.cgi replay Strict' 'naive.cgi naive-replay Lax'; do
  read -r program name same_site <<<"$wanted"
  answer=$(DEMO_NAIVE=$work/naive ask '' POST /replay/visit)
  expect "$answer" '"visits":1'
  expect "$answer" "^Set-Cookie: $name=[^;]*; Path=/site/replay; HttpOnly; SameSite=$same_site"
  expect "$answer" "^X-Demo-Cookies: $name\$"
  [ "$(grep -c '^Set-Cookie' <<<"$answer")" = 1 ] || fail "the replay part set another cookie: $answer"
done
program=site.cgi
replayed=$(cookies_in "$(ask '' POST /replay/visit)")
expect "$(ask "$replayed" GET /replay/me)" '"visits":1'
expect "$(ask "$replayed" GET /replay/captcha)" '^X-Demo-Captcha: [0-9]\{5\}$'
expect_not "$(ask "$ann" GET /captcha)" 'X-Demo-Captcha'
expect "$(ask "$ann" POST /demo/expire '' '' "$(token_in "$(ask "$ann" GET /me)")")" '^Status: 404 '
expect "$(ask "$replayed" POST /replay/demo/sweep)" '^Status: 404 '
stolen=$(ask "replay-auth=${ann#*=}" POST /replay/demo/expire)
expect "$stolen" '^Status: 403 '
expect "$(ask "$ann" GET /me)" '"user":"ann"'
logins_of() { ask "$1" GET /logins | grep -o '"key"' | wc -l; }
logins=$(logins_of "$ann")
expect "$(ask "$replayed" POST /replay/login '' 'user=ann&password=apples')" '^Set-Cookie: replay-auth='
[ "$(logins_of "$ann")" = "$logins" ] || fail 'a login of the replay part is one of the site'
expect "$(DEMO_SECURE=1 ask '' POST /replay/visit)" '^Set-Cookie: __Secure-replay=[^;]*; Path=/site/replay; .*Secure'
unset DEMO_SLOW_PAGES

echo 'demo site: ok'
