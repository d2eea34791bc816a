#!/usr/bin/env bash
# The packages are built again, from the archive, in another folder, under another umask, time zone and language: each is the
# same bytes. LONG=1.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
[ "${LONG:-}" = 1 ] || skip 'a second build takes minutes: LONG=1'

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
echo 'reproducible_test: ok'
