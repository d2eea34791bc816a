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

bare_system systemd dbus
mapfile -t all < <(ours libsess0 sessctl)
get "${all[@]}"
mkdir -p "$root/sys" "$root/run"
mount -t sysfs -o ro sysfs "$root/sys" || skip 'no sysfs is to be had for systemd'
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" || skip 'no cgroup2 is to be had for systemd'
mount -t tmpfs tmpfs "$root/run"

shop=/var/lib/shop/sessions
wiki='/srv/our wiki/sessions'
inside install -d -o www-data -g www-data /var/lib/shop
inside install -d -o games -g games '/srv/our wiki'
inside runuser -u www-data -- sessctl --store $shop init >/dev/null
inside runuser -u games -- sessctl --store "$wiki" init >/dev/null
echo $shop >>"$root/etc/sessctl/stores"
install -d "$root/var/lib/prometheus/node-exporter"
sed -i 's|^SESSCTL_GC_OPTIONS="|&--metrics /var/lib/prometheus/node-exporter |' "$root/etc/default/sessctl"

env -i PATH="$PATH" container=test unshare --cgroup --pid --fork --kill-child --mount-proc="$root/proc" \
  chroot "$root" /lib/systemd/systemd --system --log-target=console </dev/null >"$work/console" 2>&1 &
starter=$!
until systemd=$(pgrep --parent $starter 2>/dev/null); do kill -0 $starter || fail "systemd does not start: $(cat "$work/console")"; done
# there COMMAND...: beside it.
there() { nsenter --target "$systemd" --pid --mount --cgroup chroot "$root" /usr/bin/env -i LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
until [ -S "$root/run/systemd/private" ]; do kill -0 $starter || fail "systemd has ended: $(cat "$work/console")"; done
there systemctl is-system-running --wait >/dev/null || true # degraded: not all of a system works in a folder

timers() { there systemctl list-units --type=timer --plain --no-legend 'sessctl-gc@*' | awk '$3 == "active" { print $1 }'; }
[ "$(timers)" = sessctl-gc@var-lib-shop-sessions.timer ] || fail "there are these timers: $(timers)"
echo "$wiki" >>"$root/etc/sessctl/stores"
there systemctl daemon-reload
there systemctl start timers.target
case $(timers) in *'sessctl-gc@srv-our\x20wiki-sessions.timer'*) ;; *) fail "a store was added, and there are these timers: $(timers)" ;; esac

unit_of() { echo "sessctl-gc@$(there systemd-escape --path "$1").service"; }
sessions_in() { find "$root$1/shards" -type f ! -name '*-' ! -name '*+' | wc -l; }
for store in "$shop" "$wiki"; do
  inside sessctl --store "$store" create --idle 1ms >/dev/null
  record=$(find "$root$store/shards" -type f ! -name '*-')
  until touch "$work/now" && [ "$work/now" -nt "$record" ]; do :; done
  there systemctl start "$(unit_of "$store")" || fail "the sweep of $store failed: $(cat "$work/console")"
  [ "$(sessions_in "$store")" -eq 0 ] || fail "systemd has not swept $store"
  grep -q '^libsess_gc_expired{.*} 1$' "$root/var/lib/prometheus/node-exporter/sessctl-gc-$(there systemd-escape --path "$store").prom" ||
    fail "the metrics do not tell of $store"
done
[ -z "$(find "$root/var/lib/shop" ! -user www-data)$(find "$root/srv/our wiki" ! -user games)" ] || fail 'a store has files of another user'
said=$(there journalctl --quiet --output=cat --identifier=sessctl) || fail "the journal cannot be read: $said"
[ -z "$said" ] || fail "all is well, and the journal has: $said"

# What --on-expire starts has the service's rights and no more.
sed -i 's|^SESSCTL_GC_OPTIONS=.*|SESSCTL_GC_OPTIONS="--on-expire /usr/local/bin/try"|' "$root/etc/default/sessctl"
printf '#!/bin/sh\ncat >/dev/null\n(echo x >/tmp/written) 2>/dev/null\necho x >"$(dirname "$0")/written" 2>/dev/null\necho x >%s/by-command\n' /var/lib/shop/sessions >"$root/usr/local/bin/try"
chmod 755 "$root/usr/local/bin/try"
inside sessctl --store $shop create --idle 1ms >/dev/null
record=$(find "$root$shop/shards" -type f ! -name '*-')
until touch "$work/now" && [ "$work/now" -nt "$record" ]; do :; done
there systemctl start "$(unit_of $shop)" || fail 'a sweep with --on-expire failed'
[ -e "$root$shop/by-command" ] || fail 'the command was not started'
rm "$root$shop/by-command"
[ ! -e "$root/tmp/written" ] || fail 'the service can write to /tmp'

# A sweep that fails.
rm "$root$wiki/store"
if there systemctl start "$(unit_of "$wiki")" 2>/dev/null; then fail 'a sweep failed, and the unit has not'; fi
there systemctl is-failed --quiet "$(unit_of "$wiki")" || fail 'a sweep failed, and systemctl does not tell'
for ((attempt = 0; attempt < 10000; attempt++)); do
  said=$(there journalctl --quiet --output=cat --identifier=sessctl)
  [ -z "$said" ] || break
done
case $said in *"$wiki"*) ;; *) fail "a sweep failed, and the journal has: '$said'" ;; esac

command=$(sed -n 's/^\*.* root //p' "$root/etc/cron.d/sessctl")
said=$(there sh -c "$command" 2>&1) || fail "cron's line ends with $?"
[ -z "$said" ] || fail "where systemd runs, cron mails: $said"

# A line that names none is told of; one that was taken away is swept no more when its timer is stopped.
printf '%s\n' 'not a path' $shop >"$root/etc/sessctl/stores"
there systemctl daemon-reload
there systemctl start timers.target
until [ "$(there systemctl show --property ActiveState --value sessctl-stores.service)" != activating ]; do :; done
there systemctl is-failed --quiet sessctl-stores.service || fail 'a line of the list is wrong, and no unit has failed'
for ((attempt = 0; attempt < 10000; attempt++)); do
  said=$(there journalctl --quiet --output=cat --identifier=sessctl)
  case $said in *'in line 1:'*) break ;; esac
done
case $said in *'in line 1:'*) ;; *) fail "a line of the list is wrong, and the journal has: $said" ;; esac
there systemctl stop "sessctl-gc@$(there systemd-escape --path "$wiki").timer"
[ "$(timers)" = sessctl-gc@var-lib-shop-sessions.timer ] || fail "a store was taken away, and there are these timers: $(timers)"

# So are all when the package goes.
quietly there apt-get -q -y remove sessctl
[ -z "$(timers)" ] || fail "the package is removed, and there are these timers: $(timers)"
[ -z "$(there systemctl list-units --plain --no-legend --state=failed 'sessctl-gc@*timer')" ] || fail 'a timer failed when the package went'
echo 'systemd_test: ok'
