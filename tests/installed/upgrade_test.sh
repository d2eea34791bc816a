#!/usr/bin/env bash
# In a bare Debian: the packages replace those of an older version while a program and sessctl change a session of a live
# store. Neither fails once, nothing is lost, what an administrator has written into a configuration stays, and what he has
# not touched is replaced.
# shellcheck disable=SC2016 # for shells in there
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
own_system "$@"

# older NAME...: those packages under an older version, and with another text in a configuration.
older() {
  local name tree
  for name in "$@"; do
    tree=$work/$name
    dpkg-deb --raw-extract "$packages/$name"_*.deb "$tree"
    sed -i -E "s/^Version: .*/Version: 0.0.9/; s/\(= [^)]*\)/(= 0.0.9)/g" "$tree/DEBIAN/control"
    if [ -e "$tree/etc/default/sessctl" ]; then echo '# of an older version' >>"$tree/etc/default/sessctl"; fi
    dpkg-deb --root-owner-group --build "$tree" "$root/old/$name.deb" >/dev/null
  done
}

bare_system g++ pkg-config
mkdir "$root/old"
older libsess0 libsess-fcgi0 libsess-dev sessctl
get /old/libsess0.deb /old/libsess-fcgi0.deb /old/libsess-dev.deb /old/sessctl.deb
[ "$(inside dpkg-query --show --showformat '${Version}' sessctl)" = 0.0.9 ] || fail 'the older package is not installed'
grep -q 'of an older version' "$root/etc/default/sessctl" || fail 'the older package has not its own configuration'

cat >"$root/root/count.cpp" <<'CPP'
#include <sess/sess.hpp>
#include <csignal>
#include <iostream>
volatile std::sig_atomic_t stops = 0;
int main(int, char** arguments) {
  std::signal(SIGTERM, [](int) { stops = 1; });
  const auto store = sess::Store::open(arguments[1]);
  const auto id = store.parse(arguments[2]).value();
  long done = 0;
  while (!stops) {
    if (store.update(id, [](sess::Editor& session) { session.add("n", 1); })) ++done;
    else return 1;
    if (done == 1) std::cout << "begun" << std::endl;
  }
  std::cout << done << std::endl;
}
CPP
inside bash -euo pipefail -c 'cd /root; g++ -std=c++20 count.cpp -o /usr/local/bin/count $(pkg-config --cflags --libs libsess)'

inside install -d -o www-data -g www-data /var/lib/shop
store=/var/lib/shop/sessions
inside runuser -u www-data -- sessctl --store $store init >/dev/null
echo $store >>"$root/etc/sessctl/stores"
id=$(inside sessctl --store $store create)
mkfifo "$work/said"
inside runuser -u www-data -- count $store "$id" >"$work/said" &
program=$!
exec 3<"$work/said"
read -r word <&3
[ "$word" = begun ] || fail 'the program does not count'

by_sessctl=0
while [ ! -e "$work/stop" ]; do
  printf '%s\n' "$id" | inside sessctl --store $store incr --id - n=1 >/dev/null || exit 1
  by_sessctl=$((by_sessctl + 1))
  echo "$by_sessctl" >"$work/new"
  mv "$work/new" "$work/by_sessctl"  # never half of it
done &
loop=$!
# It has changed something before the upgrade begins: what the loop waits for is its first commit.
has_counted() { [ -s "$work/by_sessctl" ] || ! kill -0 $loop 2>/dev/null; }
await 'sessctl changes nothing' has_counted
before=$(cat "$work/by_sessctl")

mapfile -t all < <(ours libsess0 libsess-fcgi0 libsess-dev sessctl)
get "${all[@]}"
[ "$(inside dpkg-query --show --showformat '${Version}' sessctl)" != 0.0.9 ] || fail 'nothing was replaced'

kill -0 $loop 2>/dev/null || fail 'sessctl failed while it was replaced'
during=$(cat "$work/by_sessctl")
[ "$during" -gt "$before" ] || fail 'sessctl did nothing while it was replaced'
touch "$work/stop"
wait $loop || fail 'sessctl failed while it was replaced'
pid=$(pgrep --exact count) || fail 'the program has ended by itself'
kill -TERM "$pid"
read -r by_program <&3
wait $program || fail 'the program failed'
sum=$(printf '%s\n' "$id" | inside sessctl --store $store get --id - n)
[ "$sum" -eq $((by_program + $(cat "$work/by_sessctl"))) ] || fail "$by_program and $(cat "$work/by_sessctl") changes make $sum"

grep -qx $store "$root/etc/sessctl/stores" || fail 'what was written into the list of stores is gone'
! grep -q 'of an older version' "$root/etc/default/sessctl" || fail 'a configuration that nobody has touched was not replaced'
inside sessctl --store $store verify >/dev/null || fail 'something is wrong with the store'
said=$(inside dpkg --verify libsess0 libsess-fcgi0 libsess-dev sessctl | grep -v ' c /etc/sessctl/stores$') && fail "dpkg --verify: $said"
echo "upgrade_test: ok, $by_program changes by a program and $(cat "$work/by_sessctl") by sessctl meanwhile"
