#!/usr/bin/env bash
# The packages are built again, from the archive, in another folder, under another umask, time zone and language: each is the
# same bytes. lintian finds nothing in them.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/elsewhere"
tar --extract --gzip --file "$packages"/libsess-*.tar.gz --directory "$work/elsewhere"
(
  cd "$work/elsewhere"/libsess-*
  umask 027
  quietly env TZ=Pacific/Chatham LC_ALL=C.UTF-8 scripts/package deb "$work/second"
)
count=0
for first in "$packages"/*.deb "$packages"/*.tar.gz; do
  cmp "$first" "$work/second/$(basename "$first")" || fail "two builds of $(basename "$first") differ"
  count=$((count + 1))
done
# Four packages, what debuggers want of the three that have programs, and the archive.
[ "$count" -eq 8 ] || fail "there are $count packages and archives"

said=$(lintian --allow-root --fail-on error,warning "$packages"/*.changes 2>&1) || fail "lintian: $said"
# A package with a fault in it is found out.
dpkg-deb --raw-extract "$packages"/sessctl_*.deb "$work/tree"
rm "$work/tree/usr/share/doc/sessctl/copyright"
dpkg-deb --root-owner-group --build "$work/tree" "$work/faulty.deb" >/dev/null
if lintian --allow-root --fail-on error,warning "$work/faulty.deb" >/dev/null 2>&1; then fail 'lintian finds no fault in a package without a licence'; fi
echo 'build_test: ok'
