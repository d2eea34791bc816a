#!/usr/bin/env bash
# A program builds and runs against the installed tree, found by pkg-config alone: with the shared library, with the static
# one; `make install` respects DESTDIR and PREFIX, and the shared library asks for no more than it needs.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -n "${SAN:-}" ]; then
  echo 'not under a sanitizer: the installed library would need its run-time'
  exit 77
fi

CXX=${CXX:-g++}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
prefix=/opt/sess
root=$stage$prefix

fail() {
  printf 'installed_tree: %s\n' "$*" >&2
  exit 1
}

MAKEFLAGS='' make --no-print-directory -s manual completions install DESTDIR="$stage" PREFIX="$prefix"
for file in include/sess/store.hpp lib/libsess.a lib/libsess.so lib/pkgconfig/libsess.pc bin/sessctl \
  share/man/man1/sessctl.1 share/man/man3/libsess.3 share/man/man5/sess-store.5 share/man/man7/sess-protocol.7 \
  share/bash-completion/completions/sessctl share/zsh/site-functions/_sessctl share/fish/vendor_completions.d/sessctl.fish; do
  [ -e "$root/$file" ] || fail "$file is not installed"
done
# Anything that is not below the prefix would have gone to the wrong place.
[ "$(find "$stage" -mindepth 1 -maxdepth 2 | sort | tr '\n' ' ')" = "$stage/opt $root " ] || fail 'files outside PREFIX'

export PKG_CONFIG_PATH=$root/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage LD_LIBRARY_PATH=$root/lib
read -r -a cflags < <(pkg-config --cflags libsess)
read -r -a libs < <(pkg-config --libs libsess)
read -r -a static_libs < <(pkg-config --static --libs libsess | sed 's/-lsess\b/-l:libsess.a/')

"$CXX" -std=c++20 -Wall -Wextra -Werror "${cflags[@]}" tests/install/consumer.cpp -o "$stage/shared" "${libs[@]}"
"$stage/shared" "$stage/store-1"
# Into a variable: grep -q would close the pipe early.
linked=$(ldd "$stage/shared")
case $linked in *"libsess.so.0 => $root/lib/libsess.so.0"*) ;; *) fail "the program is not linked to the soname: $linked" ;; esac
case $linked in *libfcgi*) fail 'a program without FastCGI is linked to libfcgi' ;; esac

# The demo's program in C, as somebody would who has copied it.
gcc -std=c17 -Wall -Wextra -Wpedantic -Werror "${cflags[@]}" tools/demo/counter/counter.c -o "$stage/counter.cgi" "${libs[@]}"
page=$(DEMO_STORE=$stage/store-1 REQUEST_METHOD=GET PATH_INFO=/me "$stage/counter.cgi")
case $page in *'"visits":0'*) ;; *) fail "the program in C answers: $page" ;; esac

"$CXX" -std=c++20 "${cflags[@]}" tests/install/consumer.cpp -o "$stage/static" "${static_libs[@]}"
linked=$(ldd "$stage/static")
case $linked in *libsess.so*) fail 'the static program is linked to the shared library' ;; esac
LD_LIBRARY_PATH='' "$stage/static" "$stage/store-2"

installed=$("$root/bin/sessctl" --help) || fail 'the installed sessctl does not run'
[ -n "$installed" ] || fail 'sessctl --help prints nothing'

if [ -e "$root/lib/libsess-fcgi.so" ]; then
  [ "$(pkg-config --modversion libsess-fcgi)" = "$(pkg-config --modversion libsess)" ] || fail 'versions differ'
  read -r -a libs < <(pkg-config --libs libsess-fcgi)
  # Every symbol resolved: the runner may use only what libsess exports.
  printf 'int main() {}\n' |
    "$CXX" -x c++ - -x none -o "$stage/fcgi" -Wl,--no-as-needed "${libs[@]}" -Wl,-rpath-link,"$root/lib"
  LD_BIND_NOW=1 "$stage/fcgi" || fail 'libsess-fcgi.so does not load'
  # Refused, across both libraries, with the sentence that belongs to it.
  printf '%s\n' '#include <sess/fcgi.h>' '#include <stdio.h>' 'int main(void) {' \
    'const int status = sess_fcgi_run(NULL, NULL, NULL, NULL, NULL);' 'puts(sess_error_message());' \
    'return status != SESS_ERROR_USAGE; }' |
    gcc -std=c17 -Wall -Wextra -Werror "${cflags[@]}" -x c - -x none -o "$stage/fcgi-c" "${libs[@]}" -Wl,-rpath-link,"$root/lib"
  [ "$("$stage/fcgi-c")" = 'run program: store: NULL' ] || fail 'a FastCGI program in C does not run'
fi
