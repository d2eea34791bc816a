#!/usr/bin/env bash
# What README.md shows is done here, as it stands, but for its first guide (tests/installed/guide_test.sh): the library is
# installed, the program compiled, its store made and served by lighttpd; one visitor's two requests are answered; the
# commands and cron's line are run. What differs: the paths, ldconfig, and, for who is not root, the user. scripts/demo and
# scripts/test are left to CI, which calls them.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -n "${SAN:-}" ]; then
  echo 'not under a sanitizer: the installed library would need its run-time'
  exit 77
fi
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
fail() {
  echo "readme: $*" >&2
  [ ! -s "$work/error.log" ] || cat "$work/error.log" >&2
  exit 1
}

export PKG_CONFIG_PATH=$work/usr/lib/pkgconfig LD_LIBRARY_PATH=$work/usr/lib PATH=$work/usr/bin:$PATH
export MAKEFLAGS='--no-print-directory -s'
user=www-data
chmod 755 "$work"
ours=(-e "s|/var/lib/shop|$work/shop|g" -e "s|/var/log/lighttpd|$work|g" -e "s|/usr/local|$work/usr|g" -e 's|^ldconfig$||'
  -e "s#\b\(visits\|login\|count\)\.c#$work/\1.c#g" -e "s|^make|SESS_BUILD= make|")
if [ "$(id -u)" -ne 0 ]; then
  user=$(id -un)
  ours+=(-e 's|-o www-data -g www-data||' -e 's|runuser -u www-data -- ||')
fi

# block LANGUAGE N: the N-th block of that language, with our paths.
block() { scripts/examples --block "$1" "$2" | sed "${ours[@]}"; }

for expected in 'cpp 2' 'c 1' 'sh 11' 'lighttpd 1' 'cron 1' 'console 6'; do
  [ "$(grep -c "^\`\`\`${expected% *}\$" README.md)" -eq "${expected#* }" ] ||
    fail "there is a block of ${expected% *} that this test does not know"
done
[ "$(grep -c '^```$' README.md)" -eq 22 ] || fail 'there is a block that this test does not know'
block sh 1 | awk 'NF && $1 !~ /^scripts\// { exit 1 }' || fail 'the first block is not scripts/demo and scripts/test'

block cpp 1 >"$work/visits.cpp"
block cpp 2 >"$work/login.cpp"
block c 1 >"$work/count.c"
bash -euo pipefail -c "$(block sh 8)" || fail 'block 8 failed'
bash -euo pipefail -c "$(block sh 9)" || fail 'block 9 failed'
bash -euo pipefail -c "$(block sh 10 | sed 's/-std=c99/-std=c99 -Wall -Wextra -Wpedantic -Werror/')" || fail 'block 10 failed'

# A server that runs programs as that user, with what README says about lighttpd.
# Below the ports that the system gives to clients (ip_local_port_range), one of which may be in use at any time.
port=$((20000 + RANDOM % 10000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 10000)); done
{
  printf 'server.document-root = "%s"\nserver.bind = "127.0.0.1"\nserver.port = %s\n' "$work" "$port"
  printf 'server.errorlog = "%s"\n' "$work/error.log"
  [ "$(id -u)" -ne 0 ] || printf 'server.username = "%s"\n' "$user"
  block lighttpd 1
} >"$work/lighttpd.conf"
install -o "$user" /dev/null "$work/error.log"
install -o "$user" /dev/null "$work/breakage.log"
lighttpd=$(command -v lighttpd || echo /usr/sbin/lighttpd)
"$lighttpd" -D -f "$work/lighttpd.conf" >/dev/null 2>&1 &
server=$!
for ((attempt = 0; attempt < 1000; attempt++)); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  kill -0 "$server" 2>/dev/null || fail 'lighttpd does not start'
  sleep 0.01
done

# request [COOKIE [METHOD PATH BODY]]: the server's whole answer.
request() {
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nCookie: %s\r\nContent-Length: %s\r\n' "${2:-GET}" "${3:-/visits.cgi}" \
    "${1:-}" "$(printf '%s' "${4:-}" | wc -c)" >&3
  printf 'Content-Type: application/x-www-form-urlencoded\r\n\r\n%s' "${4:-}" >&3
  tr -d '\r' <&3
  exec 3>&-
}
first=$(request)
grep -qx 'visits: 1' <<<"$first" || fail "the first request answered: $first"
cookie=$(sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' <<<"$first")
[ -n "$cookie" ] || fail 'the first request set no cookie'
second=$(request "$cookie")
grep -qx 'visits: 2' <<<"$second" || fail "the second request answered: $second"

# The program in C goes on where that in C++ left off, and says why it cannot.
[[ $(request "$cookie" GET /count.cgi) == *$'\n\nvisits: 3' ]] || fail 'the program in C did not go on counting'
answer=$(request '' GET /count.cgi)
grep -qx 'visits: 1' <<<"$answer" || fail "the program in C answered: $answer"
grep -q '^Set-Cookie: __Host-sid=' <<<"$answer" || fail 'the program in C set no cookie'

# Logs in, is greeted, logs out; a form without a token, another password and an old token get nowhere.
cookies_in() { sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' <<<"$1" | paste -sd ';'; }
token_in() { sed -n 's/.*name="csrf_token" value="\([^"]*\)".*/\1/p' <<<"$1" | head -n 1; }
status_of() { sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' <<<"$1"; }
page=$(request '' GET /login.cgi/)
visitor=$(cookies_in "$page")
token=$(token_in "$page")
[ -n "$token" ] || fail "the page of the login has no token: $page"
[ "$(status_of "$(request "$visitor" POST /login.cgi/login 'user=ann&password=apples')")" = 403 ] ||
  fail 'a login without a token was not refused'
answer=$(request "$visitor" POST /login.cgi/login "user=ann&password=pears&csrf_token=$token")
visitor=$(cookies_in "$answer")
page=$(request "$visitor" GET /login.cgi/)
grep -q 'No such user' <<<"$page" || fail "another password was not answered by a notice: $page"
! grep -q 'No such user' <<<"$(request "$visitor" GET /login.cgi/)" || fail 'the notice was shown twice'
answer=$(request "$visitor" POST /login.cgi/login "user=ann&password=apples&csrf_token=$token")
[ "$(status_of "$answer")" = 303 ] || fail "the login answered: $answer"
login="$visitor; $(cookies_in "$answer")"
page=$(request "$login" GET /login.cgi/)
grep -q 'Hello, ann' <<<"$page" || fail "who is logged in is not greeted: $page"
! grep -q 'Hello' <<<"$(request "$visitor" GET /login.cgi/)" || fail 'the cookie from before the login is logged in'
[ "$(status_of "$(request "$login" POST /login.cgi/logout "csrf_token=$token")")" = 403 ] ||
  fail 'a token from before the login was not refused'
[ "$(status_of "$(request "$login" POST /login.cgi/logout-everywhere "csrf_token=$(token_in "$page")")")" = 303 ] ||
  fail 'the logout failed'
! grep -q 'Hello' <<<"$(request "$login" GET /login.cgi/)" || fail 'who has logged out is still logged in'

output=$(bash -euo pipefail -c "$(block sh 11)") || fail 'block 11 failed'
grep -q '"sessions":2' <<<"$output" || fail "sessctl stats did not count two sessions: $output"
read -r -d '' _ _ _ _ _ cron_user command < <(block cron 1) || true
[ "$cron_user" = www-data ] || fail "cron's line names user $cron_user"
output=$(env -i PATH=/usr/bin:/bin LD_LIBRARY_PATH="$LD_LIBRARY_PATH" sh -c "$command" 2>&1) || fail "what cron runs failed: $output"
[ -z "$output" ] || fail "what cron runs said: $output"

# What is typed there is typed here, and prints the same but for keys, numbers, times and the lengths of bars; the bounds
# of the histograms and exit statuses are compared as they are.
shape() {
  sed -E '/^exit status /b
    s/^( +up to [0-9]+[smhd]) +[0-9]+( +#+)?$/\1 N\2/; t bar
    s/[0-9a-f]{12,40}/KEY/g; s|shards/[0-9a-f]{2}/|shards/NN/|; s/[0-9]{4}-[0-9-]*T[0-9:.]*Z/TIME/g
    s/[0-9]+(ms|[smhdKMG])?/N/g; s/ +/ /g
    s/^ TIME N N( #+)?$/ HOUR/
    s/there (is|are) N problems?;/there are N problems;/
    b
    :bar
    s/ +/ /g; s/#+/#/' |
    # An hour may end between two sweeps.
    awk '$0 != " HOUR" || $0 != last { print } { last = $0 }'
}
# What only some machines say: that there are processes which may not be looked at.
same_everywhere() { grep -v -e '^sessctl: look at locks: ' -e '^not all processes can be seen: ' || true; }
# compare N SEEN: SEEN is what console block N shows. Where that has a line of "...", SEEN may have other lines, too.
compare() {
  local shown seen
  shown=$(block console "$1" | sed "s/^\\$\(.*\) a87d/\$\1 $key/" | shape)
  seen=$(same_everywhere <<<"$2" | shape)
  if grep -qx '\.\.\.' <<<"$shown"; then
    shown=$(grep -vx '\.\.\.' <<<"$shown")
    seen=$(grep -Fx -e "$shown" <<<"$seen" || true)
  fi
  diff -u <(printf '%s\n' "$shown") <(printf '%s\n' "$seen") || fail "console block $1 prints something else"
}
typed() { block console "$1" | sed -n 's/^\$ //p' | sed "s/ a87d/ $key/"; }
# console N: types the commands of that block, and compares.
console() {
  local line seen
  seen=$(typed "$1" | while IFS= read -r line; do
    printf '$ %s\n' "$line"
    bash -euo pipefail -c "$line" 2>&1 </dev/null || printf 'ends with %s\n' "$?"
  done)
  compare "$1" "$seen"
}
export SESS_STORE=$work/shop/sessions
id=${cookie#*=}
keys() { sessctl ls --columns key --full | tail -n +2; }
key=$(keys | tail -n 1)
key=${key::12}
console 1

# Changes are made when the heading is there: then it watches.
exec 4< <(printf '$ %s\n' "$(typed 2)" && timeout 60 bash -euo pipefail -c "$(typed 2)" 2>&1)
IFS= read -r -u 4 command
IFS= read -r -u 4 heading || fail 'sessctl watch ends without a heading'
visitor=$(cookies_in "$(request)")
request "$visitor" >/dev/null
token=$(token_in "$(request "$visitor" GET /login.cgi/)")
login="$visitor; $(cookies_in "$(request "$visitor" POST /login.cgi/login "user=ann&password=apples&csrf_token=$token")")"
token=$(token_in "$(request "$login" GET /login.cgi/)")
request "$login" POST /login.cgi/logout-everywhere "csrf_token=$token" >/dev/null
compare 2 "$command"$'\n'"$heading"$'\n'"$(cat <&4)"
exec 4<&-

# A program that has a session locked until its input ends, and another that waits for it.
as_owner=()
[ "$(id -u)" -ne 0 ] || as_owner=(runuser -u "$user" --)
cat >"$work/checkout.c" <<'END'
#include <sess/sess.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  sess_store *store = NULL;
  sess_session *session = NULL;
  if (sess_open(getenv("SESS_STORE"), NULL, &store) != SESS_OK) return EXIT_FAILURE;
  if (sess_lock(store, getenv("SESSION_ID"), -1, &session) != SESS_OK) return EXIT_FAILURE;
  puts("locked");
  fflush(stdout);
  while (getchar() != EOF) continue;
  sess_session_free(session);
  sess_close(store);
  return EXIT_SUCCESS;
}
END
# shellcheck disable=SC2046
gcc -std=c99 "$work/checkout.c" -o "$work/checkout.cgi" $(pkg-config --cflags --libs libsess)
mkfifo "$work/held"
exec 4> >(SESSION_ID=$id exec "${as_owner[@]}" "$work/checkout.cgi" >"$work/held")
read -r said <"$work/held" || fail 'the session was not locked'
[ "$said" = locked ] || fail "who locks the session says: $said"
exec 5> >(SESSION_ID=$id exec "${as_owner[@]}" "$work/checkout.cgi" >"$work/held" 4>&-)
exec 6<"$work/held"
for ((attempt = 0; attempt < 100; attempt++)); do
  if sessctl locks --json 2>/dev/null | grep -q '"waiters":\[{'; then break; fi
done
[ "$attempt" -lt 100 ] || fail 'sessctl locks sees nobody wait'
console 3
exec 4>&- 5>&-
cat <&6 >/dev/null  # until the second has ended, too
exec 6<&-

# What is shown of doctor is what it says on every machine.
chmod o+w "$work/shop"
console 4
chmod o-w "$work/shop"

# Sessions of many ages, made of files of PHP, a new one, and three that have expired.
keys >"$work/before"
install -d -o "$user" "$work/php"
for minutes in 3 3 20 20 20 45 45 90 200 400; do
  file=$(mktemp "$work/php/sess_XXXXXXXXXXXXXXXXXXXXXXXXXX")
  printf 'visits|i:3;' >"$file"
  touch -d "-$minutes min" "$file"
  chown "$user" "$file"
done
sessctl import --php --map "$work/ids" --idle 8h "$work/php" >"$work/imported" || fail "import: $(cat "$work/imported")"
sessctl create --idle 24m >/dev/null
for _ in 1 2 3; do sessctl create --idle 1ms >/dev/null; done
console 5

# A byte is flipped in a record that has a previous version, and in one that has none. Findings are told in the order of
# keys.
mapfile -t imported < <(keys | comm -13 "$work/before" -)
sessctl incr "${imported[0]}" visits >/dev/null
for damaged in "${imported[0]}" "${imported[-1]}"; do
  file=$SESS_STORE/shards/${damaged::2}/$damaged
  touch -r "$file" "$work/time"
  byte=$(tail -c 1 "$file" | od -An -tu1)
  printf '%b' "\\x$(printf '%02x' $((byte ^ 255)))" |
    dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 1)) conv=notrunc status=none
  touch -r "$work/time" "$file"
done
console 6

! grep -rqF -- "$id" "$work/shop" || fail 'the store holds the session ID'

# Without its store the program says why, in the error log.
rm -r "$work/shop/sessions"
grep -q '^HTTP/1.0 500' <<<"$(request)" || fail 'without a store the answer is not 500'
[ "$(status_of "$(request '' GET /count.cgi)")" = 500 ] || fail 'without a store the program in C does not answer 500'
grep -q 'session: open store' "$work/breakage.log" || fail 'the program in C does not say why'
grep -q 'open store' "$work/breakage.log" || fail 'without a store nothing is in the log of what programs say'
echo 'readme: ok'
