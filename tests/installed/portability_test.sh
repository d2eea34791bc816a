#!/usr/bin/env bash
# Long (LONG=1). For other architectures, 64-bit arm and 32-bit x86, the library, sessctl and a program are built by cross
# compilers and run by qemu-user: records that are written on one are read on the other, through both programs, in both
# directions, in one store; an export is the same bytes; and the tests of the format pass there.
# shellcheck disable=SC2016 # for shells in there
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
[ "${LONG:-}" = 1 ] || skip 'cross builds take minutes: LONG=1'
own_system "$@"

# sessctl_on WHERE ... and portable_on WHERE ...: here is this machine's architecture, there the other.
sessctl_on() {
  if [ "$1" = here ]; then inside sessctl --store /root/store "${@:2}"; else
    inside "$emulator" /root/foreign/build/bin/sessctl --store /root/store "${@:2}"
  fi
}
portable_on() {
  if [ "$1" = here ]; then inside portable "$2" /root/store; else inside "$emulator" /root/portable "$2" /root/store; fi
}

# try ARCHITECTURE COMPILER EMULATOR
try() {
  local architecture=$1 compiler=$2 said id one two direction
  emulator=$3
  bare_system make pkg-config g++
  inside dpkg --add-architecture "$architecture"
  quietly inside apt-get -q update
  mapfile -t all < <(ours libsess0 libsess-fcgi0 libsess-dev sessctl)
  get "${all[@]}" "g++-$compiler" libcli11-dev nlohmann-json3-dev doctest-dev qemu-user-static \
    libboost-{filesystem,serialization}-dev:"$architecture" lib{fmt,sodium,xxhash,fcgi}-dev:"$architecture"
  mkdir "$root/root/foreign"
  tar --extract --gzip --strip-components 1 --file "$packages"/libsess-*.tar.gz --directory "$root/root/foreign"
  local make=(make -s -C /root/foreign -j "$(nproc)" CXX="$compiler-g++" CC="$compiler-gcc" AR="$compiler-ar" CXXFLAGS=-O1)
  quietly inside "${make[@]}" lib sessctl build/tests/unit
  # It is written to the left of what it needs: a static library.
  quietly inside "$compiler-g++" -std=c++20 -static -I/root/foreign/include /root/foreign/tests/installed/portable.cpp \
    -o /root/portable /root/foreign/build/lib/libsess.a -lboost_filesystem -lboost_serialization -lsodium -lxxhash -pthread
  quietly inside sh -c 'g++ -std=c++20 /root/foreign/tests/installed/portable.cpp -o /usr/local/bin/portable $(pkg-config --cflags --libs libsess)'

  sessctl_on there init >/dev/null
  for direction in 'here there' 'there here'; do
    read -r one two <<<"$direction"
    id=$(portable_on "$one" write) || fail "$architecture: nothing was written $one"
    portable_on "$two" read <<<"$id" || fail "$architecture: written $one, read $two"
    sessctl_on "$two" incr --id - visits=2 <<<"$id" >/dev/null
    portable_on "$one" read <<<"$id" || fail "$architecture: written $one, changed $two, read $one"
    id=$(sessctl_on "$one" create --sealed a=1)
    [ "$(sessctl_on "$two" get --id - a <<<"$id")" = 1 ] || fail "$architecture: sealed $one, not opened $two"
  done
  sessctl_on here export >"$work/here"
  sessctl_on there export >"$work/there"
  cmp "$work/here" "$work/there" || fail "$architecture: exports differ"
  [ "$(grep -c '"type":"session"' "$work/here")" -eq 4 ] || fail "$architecture: the export is not whole"
  for one in here there; do
    said=$(sessctl_on $one verify) || fail "$architecture: verify $one: $said"
  done

  said=$(inside sh -c "cd /root/foreign && $emulator build/tests/unit --source-file='*unit/format/*'" 2>&1) ||
    fail "$architecture: tests of the format: $said"
  case $said in *'| 0 passed'*) fail "$architecture: no test of the format ran" ;; esac
  printf 'portability_test: ok, %s: %s\n' "$architecture" "$(sed -n 's/^\[doctest\] test cases: *//p' <<<"$said")"
  drop_system
}
try arm64 aarch64-linux-gnu qemu-aarch64-static
try i386 i686-linux-gnu qemu-i386-static
