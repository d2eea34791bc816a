# A bare Debian in a folder, for tests of what is installed: sourced, not run. The caller says `set -euo pipefail`.
#
#   own_system "$@"      this script again, in namespaces of its own: its mounts and processes are gone with it, also when it
#                        is told to stop; $work is a folder and $cgroup (empty: none is to be had) a control group that go, too
#   bare_system PACKAGE...   $root: a Debian 12 in which those are installed
#   drop_system          before the next one
#   inside COMMAND...    in it, as root, with nothing of this environment
#   offline COMMAND...   the same, with a loopback interface and ports of its own, and no other network
#   await WHAT COMMAND...   until that succeeds; after a minute the test fails, and says WHAT
#   expired_session STORE   creates one there, and waits until its time is over
#   sessions_in STORE    how many records it has
#
# $packages has the packages that scripts/package has made. SESS_MIRROR: where Debian is taken from.
# shellcheck shell=bash

packages=$SESS_BUILD/package
bare=$SESS_BUILD/bare

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

skip() {
  printf 'SKIPPED: %s\n' "$*"
  exit 77
}

own_system() {
  local status=0
  work=${SESS_OWN_SYSTEM:-}
  cgroup=${SESS_OWN_CGROUP:-}
  [ -z "$work" ] || return 0
  [ "$(id -u)" -eq 0 ] || skip 'only root can make a system in a folder'
  command -v debootstrap >/dev/null || fail 'debootstrap is missing: scripts/install-deps package'
  unshare --mount --pid --fork true 2>/dev/null || skip 'no namespaces are to be had here'
  work=$(mktemp -d)
  own=
  trap leave_system EXIT
  trap 'exit 143' TERM
  trap 'exit 130' INT
  trap 'exit 129' HUP
  new_cgroup
  # A shell that waits for a process in the foreground would hear of a signal only when that has ended, and the first
  # process of a namespace not at all.
  (
    if [ -n "$cgroup" ]; then echo "$BASHPID" >"$cgroup/cgroup.procs"; fi
    SESS_OWN_SYSTEM=$work SESS_OWN_CGROUP=$cgroup exec \
      unshare --mount --mount-proc --pid --fork --kill-child --propagation private "$0" "$@"
  ) &
  own=$!
  wait "$own" || status=$?
  exit "$status"
}

# Below this process's own, in the hierarchy of cgroups(7), version 2.
new_cgroup() {
  local at
  at=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || return 0
  at=$at$(sed -n 's/^0:://p' /proc/self/cgroup)
  cgroup=$(mktemp -d "${at%/}/libsess-test.XXXXXX" 2>/dev/null) || cgroup=
}

leave_system() {
  trap '' TERM INT HUP
  if [ -n "$own" ]; then
    kill -KILL "$own" 2>/dev/null || true # --kill-child: all of the namespace with it
    wait "$own" 2>/dev/null || true
  fi
  if [ -n "$cgroup" ]; then
    echo 1 >"$cgroup/cgroup.kill"
    await 'a process of this test cannot be killed' grep -qx 'populated 0' "$cgroup/cgroup.events"
    find "$cgroup" -depth -type d -exec rmdir {} +
  fi
  # No mount of it was ever seen here.
  rm -rf --one-file-system "$work"
}

await() {
  local what=$1 end=$((SECONDS + 60))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "after a minute: $what"
    sleep 0.01
  done
}

inside() {
  chroot "$root" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

offline() {
  root=$root unshare --net bash -euo pipefail -c "$(declare -f inside)"'; ip link set lo up; inside "$@"' offline "$@"
}

# quietly COMMAND...: its words only where it fails.
quietly() {
  local said
  said=$("$@" 2>&1 </dev/null) || fail "$* failed: $said"
}

# Made once for a build folder. Services are not started by being installed, as in a container.
bare_base() {
  if [ -e "$bare/base" ]; then return; fi
  rm -rf "$bare/new"
  mkdir -p "$bare/new" "$bare/archives/partial"
  quietly debootstrap --variant=minbase bookworm "$bare/new" ${SESS_MIRROR:+"$SESS_MIRROR"}
  printf '#!/bin/sh\nexit 101\n' >"$bare/new/usr/sbin/policy-rc.d"
  chmod 755 "$bare/new/usr/sbin/policy-rc.d"
  mv "$bare/new" "$bare/base"
}

bare_system() {
  bare_base
  root=$work/system
  mkdir "$root"
  # What is written to it is in memory, and gone with the mount.
  mount -t tmpfs -o size=4G bare "$root"
  mkdir "$root/upper" "$root/work" "$root/system"
  if mount -t overlay -o "lowerdir=$bare/base,upperdir=$root/upper,workdir=$root/work" bare "$root/system" 2>/dev/null; then
    root=$root/system
  else
    cp -a "$bare/base" "$root/copy"
    root=$root/copy
  fi
  mount -t proc proc "$root/proc"
  mount --bind "$bare/archives" "$root/var/cache/apt/archives"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  mkdir "$root/packages"
  mount --bind "$packages" "$root/packages"
  # The base may be days old, and the packages of then be gone.
  quietly inside apt-get -q update
  if [ "$#" -gt 0 ]; then get "$@"; fi
}

# Where a test needs another one.
drop_system() {
  umount --recursive "$work/system" 2>/dev/null || umount --lazy "$work/system"
  rmdir "$work/system"
}

get() {
  quietly inside apt-get -q -y install --no-install-recommends "$@"
}

sessions_in() { find "$root$1/shards" -type f ! -name '*-' ! -name '*+' | wc -l; }

# Its deadline is the time of its record (src/FORMAT.md), and it is the only one of its store.
expired_session() {
  inside sessctl --store "$1" create --idle 1ms >/dev/null
  await "a session of $1 does not expire" is_past "$(find "$root$1/shards" -type f ! -name '*-')"
}
is_past() { touch "$work/now" && [ "$work/now" -nt "$1" ]; }

# ours NAME...: our packages as apt-get in that system takes them.
ours() {
  local name file
  for name in "$@"; do
    for file in "$packages/$name"_*.deb; do printf '/packages/%s\n' "$(basename "$file")"; done
  done
}
