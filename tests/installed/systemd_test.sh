#!/usr/bin/env bash
# In a bare Debian whose first process is systemd: each store of the list has its timer, at boot and after a reload; the
# hardened service sweeps as the store's owner and can write nothing else; a sweep that fails is a failed unit, a line in the
# journal, and in the metrics; and cron leaves all to systemd.
# shellcheck disable=SC2016 # for shells in there
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
own_system "$@"
[ -n "$cgroup" ] || skip 'no control group is to be had for systemd'

bare_system systemd dbus
mapfile -t all < <(ours libsess0 sessctl)
get "${all[@]}"
mkdir -p "$root/sys" "$root/run"
mount -t sysfs -o ro sysfs "$root/sys" || skip 'no sysfs is to be had for systemd'
mount -t tmpfs tmpfs "$root/run"

shop=/var/lib/shop/sessions
wiki='/srv/our wiki/sessions'
inside install -d -o www-data -g www-data /var/lib/shop
inside install -d -o games -g games '/srv/our wiki'
inside runuser -u www-data -- sessctl --store $shop init >/dev/null
inside runuser -u games -- sessctl --store "$wiki" init >/dev/null
echo $shop >>"$root/etc/sessctl/stores"
metrics=$root/var/lib/prometheus/node-exporter
install -d "$metrics"
sed -i 's|^SESSCTL_GC_OPTIONS="|&--metrics /var/lib/prometheus/node-exporter |' "$root/etc/default/sessctl"

# Its timers start sweeps when the test says.
timing=$root/etc/systemd/system/sessctl-gc@.timer.d/test.conf
mkdir -p "${timing%/*}"
printf '[Timer]\nOnCalendar=\nOnCalendar=yearly\n' >"$timing"

# What it takes for the root of all control groups is one of this test's: the mount shows its namespace's.
mkdir "$cgroup/systemd"
(
  echo "$BASHPID" >"$cgroup/systemd/cgroup.procs"
  exec env -i PATH="$PATH" container=test unshare --cgroup --pid --fork --kill-child --mount-proc="$root/proc" bash -euc '
    mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
    exec chroot "$1" /lib/systemd/systemd --system --log-target=console' start "$root"
) </dev/null >"$work/console" 2>&1 &
starter=$!
trap '[ "$?" -eq 0 ] || cat "$work/console" >&2' EXIT
has_started() { systemd=$(pgrep --parent $starter) && [ "$(cat "/proc/$systemd/comm")" = systemd ]; }
started_or_ended() { has_started || ! kill -0 $starter 2>/dev/null; }
await 'systemd does not start' started_or_ended
has_started || fail 'systemd does not start'
# there COMMAND...: beside it.
there() {
  nsenter --target "$systemd" --pid --mount --cgroup \
    chroot "$root" /usr/bin/env -i LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
await 'systemd does not answer' test -S "$root/run/systemd/private"
# Not "running" must it be, but "degraded": not all of a system works in a folder.
has_booted() { case $(there systemctl is-system-running) in running | degraded) ;; *) return 1 ;; esac }
await 'systemd does not come to an end of its start' has_booted
[ -d "$cgroup/systemd/init.scope" ] || fail "systemd is not in this test's control group: $(cat "/proc/$systemd/cgroup")"

timers() { there systemctl list-units --type=timer --plain --no-legend 'sessctl-gc@*' | awk '$3 == "active" { print $1 }'; }
[ "$(timers)" = sessctl-gc@var-lib-shop-sessions.timer ] || fail "there are these timers: $(timers)"
echo "$wiki" >>"$root/etc/sessctl/stores"
there systemctl daemon-reload
there systemctl start timers.target
case $(timers) in
  *'sessctl-gc@srv-our\x20wiki-sessions.timer'*) ;;
  *) fail "a store was added, and there are these timers: $(timers)" ;;
esac

unit_of() { echo "sessctl-gc@$(there systemd-escape --path "$1").service"; }
# What sessctl has said in the journal, all of it.
journal() {
  there journalctl --quiet --sync || fail 'the journal cannot be synchronized'
  there journalctl --quiet --output=cat --identifier=sessctl
}
journal_tells() { case $(journal) in *"$1"*) ;; *) return 1 ;; esac }
for store in "$shop" "$wiki"; do
  expired_session "$store"
  there systemctl start "$(unit_of "$store")" || fail "the sweep of $store failed: $(cat "$work/console")"
  [ "$(sessions_in "$store")" -eq 0 ] || fail "systemd has not swept $store"
  grep -q '^libsess_gc_expired{.*} 1$' "$metrics/sessctl-gc-$(there systemd-escape --path "$store").prom" ||
    fail "the metrics do not tell of $store"
done
[ -z "$(find "$root/var/lib/shop" ! -user www-data)$(find "$root/srv/our wiki" ! -user games)" ] || fail 'a store has files of another user'
said=$(journal) || fail "the journal cannot be read: $said"
[ -z "$said" ] || fail "all is well, and the journal has: $said"

# What --on-expire starts has the service's rights and no more.
sed -i 's|^SESSCTL_GC_OPTIONS=.*|SESSCTL_GC_OPTIONS="--on-expire /usr/local/bin/try"|' "$root/etc/default/sessctl"
cat >"$root/usr/local/bin/try" <<'SH'
#!/bin/sh
cat >/dev/null
(echo x >/tmp/written) 2>/dev/null
(echo x >/usr/local/bin/written) 2>/dev/null
echo x >/var/lib/shop/sessions/by-command
SH
chmod 755 "$root/usr/local/bin/try"
expired_session $shop
there systemctl start "$(unit_of $shop)" || fail 'a sweep with --on-expire failed'
[ -e "$root$shop/by-command" ] || fail 'the command was not started'
rm "$root$shop/by-command"
for place in /tmp /usr/local/bin; do
  [ ! -e "$root$place/written" ] || fail "the service can write to $place"
done

# A sweep that fails.
rm "$root$wiki/store"
if there systemctl start "$(unit_of "$wiki")" 2>/dev/null; then fail 'a sweep failed, and the unit has not'; fi
there systemctl is-failed --quiet "$(unit_of "$wiki")" || fail 'a sweep failed, and systemctl does not tell'
await 'a sweep failed, and the journal does not tell' journal_tells "$wiki"

command=$(sed -n 's/^\*.* root //p' "$root/etc/cron.d/sessctl")
said=$(there sh -c "$command" 2>&1) || fail "cron's line ends with $?"
[ -z "$said" ] || fail "where systemd runs, cron mails: $said"

# A line that names none is told of; one that was taken away is swept no more when its timer is stopped.
printf '%s\n' 'not a path' $shop >"$root/etc/sessctl/stores"
there systemctl daemon-reload
there systemctl start timers.target
await 'a line of the list is wrong, and no unit has failed' there systemctl is-failed --quiet sessctl-stores.service
await 'a line of the list is wrong, and the journal does not tell' journal_tells 'in line 1:'
there systemctl stop "sessctl-gc@$(there systemd-escape --path "$wiki").timer"
[ "$(timers)" = sessctl-gc@var-lib-shop-sessions.timer ] || fail "a store was taken away, and there are these timers: $(timers)"

# A timer whose time has come sweeps.
sed -i 's|^SESSCTL_GC_OPTIONS=.*|SESSCTL_GC_OPTIONS=""|' "$root/etc/default/sessctl"
expired_session $shop
printf '[Timer]\nOnCalendar=\nOnActiveSec=1ms\nAccuracySec=1ms\nRandomizedDelaySec=0\n' >"$timing"
there systemctl daemon-reload
there systemctl restart "$(timers)"
shop_is_swept() { [ "$(sessions_in $shop)" -eq 0 ]; }
await 'a timer has started no sweep' shop_is_swept

# So are all when the package goes.
quietly there apt-get -q -y remove sessctl
[ -z "$(timers)" ] || fail "the package is removed, and there are these timers: $(timers)"
[ -z "$(there systemctl list-units --plain --no-legend --state=failed 'sessctl-gc@*timer')" ] || fail 'a timer failed when the package went'
echo 'systemd_test: ok'
