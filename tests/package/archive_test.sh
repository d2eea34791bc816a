#!/usr/bin/env bash
# The source archive is the same bytes whoever makes it, and from wherever: a checkout, a copy of it under another umask,
# or what was unpacked from an archive. It holds what a checkout holds, and no more.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
  printf 'archive_test: %s\n' "$*" >&2
  exit 1
}

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
version=$(sed -n 's/^#define SESS_VERSION "\(.*\)"$/\1/p' include/sess/version.hpp)
name=libsess-$version

scripts/package dist "$stage/first"
[ "$(ls "$stage/first")" = "$name.tar.gz" ] || fail "there is something else than the archive: $(ls "$stage/first")"

tar --extract --gzip --file "$stage/first/$name.tar.gz" --directory "$stage"
# As somebody finds it who has worked there.
mkdir -p "$stage/$name/build/bin"
printf 'x' >"$stage/$name/build/bin/sessctl"
chmod -R go-rwx "$stage/$name"
find "$stage/$name" -exec touch {} +
for attempt in first second; do
  (umask 077 && cd "$stage/$name" && scripts/package dist made)
  cmp "$stage/first/$name.tar.gz" "$stage/$name/made/$name.tar.gz" || fail "the $attempt archive of an unpacked archive is another one"
done

if [ -e .git ]; then
  for file in README.md LICENSE Makefile .ci/run scripts/test tools/debian/rules; do
    [ -e "$stage/$name/$file" ] || fail "$file is not in the archive"
  done
  difference=$(diff <(git -c safe.directory="$PWD" ls-files | sort) <(tar --list --gzip --file "$stage/first/$name.tar.gz" | sed "s,^$name/,," | sort)) ||
    fail "the archive and the checkout differ: $difference"
fi

# One version, in the library and in the packages.
sed -i '1s/(.*)/(9.9.9)/' "$stage/$name/tools/debian/changelog"
if said=$("$stage/$name/scripts/package" dist "$stage/third" 2>&1); then
  fail 'an archive was made of two versions'
fi
case $said in *"says $version and tools/debian/changelog '9.9.9'"*) ;; *) fail "two versions are told as: $said" ;; esac
