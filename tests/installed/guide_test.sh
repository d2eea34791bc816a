#!/usr/bin/env bash
# README's "A login in ninety seconds", each line as it stands, in a bare Debian for each of the three servers: then ann logs in
# and out over HTTP, sessctl shows her session meanwhile, and the store is swept.
# shellcheck disable=SC2016 # for shells in there
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
own_system "$@"

# Each block into a file of its own: block.0 to block.5.
awk -v to="$work/block." '/^## / { inside = $0 == "## A login in ninety seconds" }
  inside && $0 == "```" && open { open = 0; next }
  open { print >to number - 1 }
  inside && $0 == "```sh" { open = 1; number++ }' README.md
count=$(find "$work" -name 'block.*' | wc -l)
[ "$count" -eq 6 ] || fail "the guide has $count blocks, and this test knows 6"
block() { cat "$work/block.$1"; }

# A visitor who has a browser with cookies.
cat >"$work/browser" <<'SH'
set -euo pipefail
page() { curl --silent --show-error --fail --max-time 20 --cookie-jar /root/jar --cookie /root/jar "$@"; }
field() { sed -n 's/.*<input type="hidden" name="\([^"]*\)" value="\([^"]*\)".*/\1=\2/p' | head -n 1; }
at=http://localhost/cgi-bin/login
SH
cat >"$work/visit" <<'SH'
source /root/browser
first=$(page $at)
case $first in *'Log in'*) ;; *) echo "the page is: $first"; exit 1 ;; esac
wrong=$(page --location --data-urlencode "$(field <<<"$first")" --data user=ann --data password=pears $at/login)
case $wrong in *'No such user, or another password.'*) ;; *) echo "with a wrong password: $wrong"; exit 1 ;; esac
page=$(page --location --data-urlencode "$(field <<<"$wrong")" --data user=ann --data password=apples $at/login)
case $page in *'Hello, ann.'*) ;; *) echo "with her password: $page"; exit 1 ;; esac
echo "logged in"
SH
cat >"$work/leave" <<'SH'
source /root/browser
last=$(page --location --data-urlencode "$(page $at | field)" $at/logout)
case $last in *'Log in'*) ;; *) echo "after logout: $last"; exit 1 ;; esac
SH

# go SERVER BLOCK PACKAGE...: the packages come from the network, and all else has no other than its own.
go() {
  local server=$1 number=$2 seconds
  shift 2
  bare_system curl ca-certificates
  mapfile -t all < <(ours libsess0 libsess-fcgi0 libsess-dev sessctl)
  quietly inside apt-get -q -y install --download-only g++ pkg-config "${all[@]}" "$@"
  # It needs no more than they say, and finds them where they are.
  {
    printf 'set -euo pipefail\ncd /packages\n'
    block 0
    block 1
    block "$number"
  } >"$root/root/guide"
  cp "$work/browser" "$work/visit" "$work/leave" "$root/root"
  {
    printf 'set -euo pipefail\nbash /root/guide >/root/said 2>&1 || { cat /root/said; exit 1; }\nbash /root/visit\n'
    printf 'shown=$('
    block 5
    printf ')\ncase $shown in *authenticated*) ;; *) echo "sessctl ls shows: $shown"; exit 1 ;; esac\n'
    printf 'bash /root/leave\n'
    printf 'shown=$('
    block 5
    printf ')\ncase $shown in *authenticated*) echo "after logout sessctl shows: $shown"; exit 1 ;; esac\n'
    printf 'service %s stop >/dev/null 2>&1\n' "$server"
  } >"$root/root/all"
  seconds=$SECONDS
  said=$(offline bash /root/all 2>&1 </dev/null) || fail "$server: $said"
  # By cron's line, because there is no systemd here; what systemd makes of the list: systemd_test.sh
  inside sh -c "$(sed -n 's/^\*.* root //p' "$root/etc/cron.d/sessctl")" || fail "$server: cron's line failed"
  [ "$(inside sessctl --store /var/lib/shop/sessions stats --json | sed -n 's/.*"last_sweep":\(null\|"\).*/\1/p')" = '"' ] ||
    fail "$server: the store was not swept"
  printf 'guide_test: ok, %s: %s s without downloads\n' "$server" "$((SECONDS - seconds))"
  drop_system
}
go lighttpd 2 lighttpd
go apache2 3 apache2
go nginx 4 nginx fcgiwrap spawn-fcgi
