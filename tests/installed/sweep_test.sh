#!/usr/bin/env bash
# In a bare Debian: cron's line of the package sweeps the stores of the list, as their owners; says nothing while all is
# well, and what is wrong in mail, log and metrics; and does nothing where systemd runs, and when sessctl was removed.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
own_system "$@"

bare_system cron
mapfile -t all < <(ours libsess0 sessctl)
get "${all[@]}"

# As cron(8) runs it: what stands behind the user, by the shell and with the path of the file.
line=$(grep -E '^[*0-9]' "$root/etc/cron.d/sessctl")
[ "$(wc -l <<<"$line")" -eq 1 ] || fail "cron has other lines than one: $line"
read -r minute hour day month weekday user command <<<"$line"
[ "$minute $hour $day $month $weekday $user" = '*/10 * * * * root' ] || fail "cron runs at other times: $line"
case $command in *%*) fail 'cron takes a % for an end of line' ;; esac
[ "$(stat -c '%U %a' "$root/etc/cron.d/sessctl")" = 'root 644' ] || fail 'cron does not run files of others'
path=$(sed -n 's/^PATH=//p' "$root/etc/cron.d/sessctl")
by_cron() { inside env -i HOME=/root LOGNAME=root SHELL=/bin/sh PATH="$path" /bin/sh -c "$command"; }

# What the system's log gets of sessctl.
python3 -c 'import socket, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1])
print("ready", flush=True)
while True:
  said = log.recv(65536).decode()
  if "sessctl" in said: print(said, file=open(sys.argv[2], "a"), flush=True)' "$root/dev/log" "$work/log" >"$work/ready" &
await 'the log cannot be heard' test -s "$work/ready"
# log_is WHAT PATTERN: its lines, but for a last one that tells that there was no other before it.
log_is() {
  inside logger --tag sessctl-test "end of $1"
  await "the log does not end after $1" grep -q "sessctl-test: end of $1" "$work/log"
  log=$(grep -v 'sessctl-test: end of' "$work/log") || log=
  [[ $log =~ $2 ]] || fail "$1, and the log has: $log"
}

inside install -d -o www-data -g www-data /var/lib/shop
inside install -d -o games -g games /var/lib/wiki
shop=/var/lib/shop/sessions
wiki=/var/lib/wiki/sessions
inside runuser -u www-data -- sessctl --store $shop init >/dev/null
inside runuser -u games -- sessctl --store $wiki init >/dev/null

# Nothing in the list: nothing happens.
[ -z "$(by_cron 2>&1)" ] || fail 'without stores something is said'

printf '%s\n' $shop $wiki >>"$root/etc/sessctl/stores"
expired_session $shop
expired_session $wiki
mkdir -p "$root/run/systemd/system"
[ -z "$(by_cron 2>&1)" ] || fail 'where systemd runs something is said'
[ "$(sessions_in $shop)" -eq 1 ] || fail 'cron sweeps where systemd does'
rmdir "$root/run/systemd/system"
said=$(by_cron 2>&1) || fail "cron's line ends with $?"
[ -z "$said" ] || fail "all is well, and cron mails: $said"
[ "$(sessions_in $shop) $(sessions_in $wiki)" = '0 0' ] || fail 'an expired session was not swept'
log_is 'all is well' '^$'
[ -z "$(find "$root/var/lib/shop" ! -user www-data)$(find "$root/var/lib/wiki" ! -user games)" ] || fail 'a store has files of another user'

# What is wrong is told; the others are swept, by their options.
metrics=$root/var/lib/prometheus/node-exporter
install -d "$metrics"
sed -i 's|^SESSCTL_GC_OPTIONS="|&--metrics /var/lib/prometheus/node-exporter |' "$root/etc/default/sessctl"
sed -i "s|^$shop\$|/var/lib/none|" "$root/etc/sessctl/stores"
expired_session $wiki
said=$(by_cron 2>&1) || fail "cron's line ends with $?"
case $said in *'"/var/lib/none": there is no such directory'*) ;; *) fail "a store is missing, and cron mails: $said" ;; esac
# 8 * cron (9) + err (3): syslog(3)
log_is 'a store is missing' '^<75>.*sessctl.*"/var/lib/none": there is no such'
[ "$(sessions_in $wiki)" -eq 0 ] || fail 'one store is missing, and another was not swept'
grep -q '^libsess_gc_exit_code{store="/var/lib/none"} 66$' "$metrics/sessctl-gc-var-lib-none.prom" ||
  fail 'a store is missing, and the metrics do not tell it'
grep -q "^libsess_gc_expired{store=\"$wiki\"} 1$" "$metrics/sessctl-gc-var-lib-wiki-sessions.prom" ||
  fail 'the metrics do not tell what was swept'

# An option with blanks stays one.
sed -i "s|^SESSCTL_GC_OPTIONS=.*|SESSCTL_GC_OPTIONS=\"--on-expire 'cat >$wiki/by-command'\"|" "$root/etc/default/sessctl"
sed -i '/none/d' "$root/etc/sessctl/stores"
expired_session $wiki
said=$(by_cron 2>&1) || fail "cron's line ends with $?"
[ -z "$said" ] || fail "all is well, and cron mails: $said"
[ -s "$root$wiki/by-command" ] || fail 'the command of the options was not started'
rm "$root$wiki/by-command"

# Two at once: the second leaves the store to the first, without a word.
exec 3<>"$root$wiki/gc"
flock 3
[ -z "$(by_cron 2>&1)" ] || fail 'another sweeper is at work, and something is said'
exec 3>&-

quietly inside apt-get -q -y remove sessctl
[ -z "$(by_cron 2>&1)" ] || fail 'sessctl was removed, and cron mails'
echo 'sweep_test: ok'
