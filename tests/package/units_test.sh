#!/usr/bin/env bash
# systemd takes the service and its timer, thinks them well enough locked up, and the generator gives each store of the list
# its timer.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
  printf 'units_test: %s\n' "$*" >&2
  exit 1
}

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp tools/system/sessctl-gc@.service tools/system/sessctl-gc@.timer "$stage"
# Where the package has it nothing is installed.
sed -i "s,/usr/bin/sessctl,$(realpath "${SESS_BUILD:-build}")/bin/sessctl," "$stage/sessctl-gc@.service"
said=$(systemd-analyze verify --man=no "$stage/sessctl-gc@.timer" "$stage/sessctl-gc@.service" 2>&1) || fail "verify: $said"
[ -z "$said" ] || fail "verify: $said"
# In tenths; what is left over 2.3 is for want of a user of its own, which it becomes itself, and of a /tmp of its own.
systemd-analyze security --offline=true --threshold=25 --no-pager "$stage/sessctl-gc@.service" >"$stage/security" 2>&1 ||
  fail "security: $(tail -n 1 "$stage/security")"

# A wrong word in a unit is seen.
sed 's/^ProtectClock=.*/ProtectClocks=yes/' "$stage/sessctl-gc@.service" >"$stage/wrong@.service"
said=$(systemd-analyze verify --man=no "$stage/wrong@.service" 2>&1) || true
case $said in *ProtectClocks*) ;; *) fail 'systemd-analyze says nothing of a wrong word' ;; esac

printf '%s\n' '# a comment' '' /var/lib/shop/sessions relative '/srv/with a blank' >"$stage/stores"
printf '%s\n' /srv/../none "/srv/$(printf '%0250d' 0)" ' /srv/indented' / >>"$stage/stores"
printf '/srv/last' >>"$stage/stores" # without an end of line
SESSCTL_STORES=$stage/stores tools/system/sessctl-generator "$stage/normal" "$stage/early" "$stage/late"
timers=$(cd "$stage/normal/timers.target.wants" && ls sessctl-gc*)
[ "$timers" = 'sessctl-gc@-.timer
sessctl-gc@srv-last.timer
sessctl-gc@srv-with\x20a\x20blank.timer
sessctl-gc@var-lib-shop-sessions.timer' ] || fail "the generator made: $timers"
# Of lines that name no store a unit tells, by its failure.
wrong=$stage/normal/timers.target.wants/sessctl-stores.service
said=$(systemd-analyze verify --man=no "$(realpath "$wrong")" 2>&1) || fail "verify: $said"
[ -z "$said" ] || fail "verify: $said"
command=$(sed -n 's/^ExecStart=//p' "$wrong")
code=0
said=$(eval "$command" 2>&1) || code=$?
[ "$code $said" = "78 $stage/stores: no full path of a store, or too long a one, in line 4 6 7 8: it is not swept" ] ||
  fail "of wrong lines is said, with $code: $said"
[ "$(systemd-escape --unescape --path 'srv-with\x20a\x20blank')" = '/srv/with a blank' ] || fail 'a name does not lead back'
printf '/srv/shop\n' >"$stage/stores"
SESSCTL_STORES=$stage/stores tools/system/sessctl-generator "$stage/right" "$stage/early" "$stage/late"
[ ! -e "$stage/right/timers.target.wants/sessctl-stores.service" ] || fail 'all lines are right, and a unit tells of wrong ones'
SESSCTL_STORES=$stage/none tools/system/sessctl-generator "$stage/other" "$stage/early" "$stage/late" ||
  fail 'without a list the generator failed'
[ ! -e "$stage/other" ] || fail 'without a list there are timers'
