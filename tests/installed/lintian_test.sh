#!/usr/bin/env bash
# lintian finds nothing in the packages.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
said=$(lintian --allow-root --fail-on error,warning "$packages"/*.changes 2>&1) || fail "lintian: $said"
# A package with a fault in it is found out.
dpkg-deb --raw-extract "$packages"/sessctl_*.deb "$work/tree"
rm "$work/tree/usr/share/doc/sessctl/copyright"
dpkg-deb --root-owner-group --build "$work/tree" "$work/faulty.deb" >/dev/null
if lintian --allow-root --fail-on error,warning "$work/faulty.deb" >/dev/null 2>&1; then fail 'lintian finds no fault in a package without a licence'; fi
echo 'lintian_test: ok'
