# A bare Debian in a folder, for tests of what is installed: sourced, not run. The caller says `set -euo pipefail`.
#
#   own_system "$@"      this script again, in namespaces of its own: its mounts and processes are gone with it; $work is a
#                        folder that goes, too
#   bare_system PACKAGE...   $root: a Debian 12 in which those are installed
#   drop_system          before the next one
#   inside COMMAND...    in it, as root, with nothing of this environment
#   offline COMMAND...   the same, with a loopback interface and ports of its own, and no other network
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
  [ -z "$work" ] || return 0
  [ "$(id -u)" -eq 0 ] || skip 'only root can make a system in a folder'
  command -v debootstrap >/dev/null || fail 'debootstrap is missing: scripts/install-deps package'
  unshare --mount --pid --fork true 2>/dev/null || skip 'no namespaces are to be had here'
  work=$(mktemp -d)
  SESS_OWN_SYSTEM=$work unshare --mount --mount-proc --pid --fork --kill-child --propagation private "$0" "$@" || status=$?
  # No mount of it was ever seen here.
  rm -rf --one-file-system "$work"
  exit "$status"
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

# ours NAME...: our packages as apt-get in that system takes them.
ours() {
  local name file
  for name in "$@"; do
    for file in "$packages/$name"_*.deb; do printf '/packages/%s\n' "$(basename "$file")"; done
  done
}
