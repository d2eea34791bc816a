#!/usr/bin/env bash
# In a bare Debian: the packages install, programs of README compile with what pkg-config says, linked shared and static, and
# count their visitors; the manual is there; and when all is removed and purged, the store is as it was.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash
own_system "$@"

bare_system g++ pkg-config
mapfile -t all < <(ours libsess0 libsess-fcgi0 libsess-dev sessctl)
[ "${#all[@]}" -eq 4 ] || fail "these packages are in $packages: ${all[*]}"
get "${all[@]}"
said=$(inside dpkg --verify libsess0 libsess-fcgi0 libsess-dev sessctl) || fail "dpkg --verify: $said"
version=$(sed -n 's/^#define SESS_VERSION "\(.*\)"$/\1/p' include/sess/version.hpp)
[ "$(inside sessctl --version)" = "sessctl $version" ] || fail "sessctl --version says $(inside sessctl --version)"
[ "$(inside pkg-config --modversion libsess)" = "$version" ] || fail 'pkg-config has another version'

for page in man1/sessctl.1 man1/sessctl-gc.1 man5/sess-store.5 man7/sess-protocol.7; do
  [ -e "$root/usr/share/man/$page.gz" ] || fail "there is no manual page $page"
done

inside install -d -o www-data -g www-data /var/lib/shop
inside runuser -u www-data -- sessctl --store /var/lib/shop/sessions init >/dev/null
as_user=(env REQUEST_METHOD=GET SCRIPT_NAME=/visits PATH_INFO= QUERY_STRING= SERVER_PROTOCOL=HTTP/1.1)
# visit PROGRAM EXPECTED: a visitor comes twice.
visit() {
  local answer cookie
  answer=$(inside runuser -u www-data -- "${as_user[@]}" "$1" | tr -d '\r')
  case $answer in *'visits: 1') ;; *) fail "$1 answers: $answer" ;; esac
  cookie=$(sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/p' <<<"$answer")
  answer=$(inside runuser -u www-data -- "${as_user[@]}" HTTP_COOKIE="$cookie" "$1" | tr -d '\r')
  case $answer in *'visits: 2') ;; *) fail "$1 answers the cookie $cookie with: $answer" ;; esac
}

examples=/usr/share/doc/libsess-dev/examples
sed 's/cgi::run/fcgi::run/; s/web.runner/web\/fastcgi/' "$root$examples/visits.cpp" >"$root/root/fast.cpp"
inside bash -euo pipefail -c "cd /root; cp $examples/* .
  g++ -std=c++20 visits.cpp -o /usr/local/bin/visits \$(pkg-config --cflags --libs libsess)
  g++ -std=c++20 -static visits.cpp -o /usr/local/bin/visits-static \$(pkg-config --static --cflags --libs libsess)
  g++ -std=c++20 login.cpp -o /usr/local/bin/login \$(pkg-config --cflags --libs libsess libsodium)
  gcc -std=c99 count.c -o /usr/local/bin/count \$(pkg-config --cflags --libs libsess)
  gcc -std=c99 -static count.c -o /usr/local/bin/count-static \$(pkg-config --static --cflags --libs libsess)
  g++ -std=c++20 -Os -s -static -Wl,--gc-sections visits.cpp -o /usr/local/bin/visits-small \$(pkg-config --static --cflags --libs libsess)
  g++ -std=c++20 fast.cpp -o /usr/local/bin/fast \$(pkg-config --cflags --libs libsess-fcgi)"
# Half of a program for ARM: its records are the same (portability_test.sh has the whole).
cp tests/installed/portable.cpp "$root/root"
inside install -d /var/lib/other
inside sessctl --store /var/lib/other/sessions init >/dev/null
for sign in signed unsigned; do
  # shellcheck disable=SC2016 # for the shell there
  inside sh -c 'g++ -std=c++20 -f$0-char /root/portable.cpp -o /usr/local/bin/portable-$0 $(pkg-config --cflags --libs libsess)' $sign
done
for sign in signed unsigned; do
  id=$(inside portable-$sign write /var/lib/other/sessions)
  for other in signed unsigned; do
    inside portable-$other read /var/lib/other/sessions <<<"$id" || fail "written where char is $sign, read where it is $other"
  done
done
for program in visits visits-static visits-small count count-static; do visit "/usr/local/bin/$program"; done

# A static program of g++ that prints one number by std::cout is 1.7 MiB (g++ 12.2, glibc 2.36).
size=$(stat -c %s "$root/usr/local/bin/visits-small")
[ "$size" -lt $((3 << 20)) ] || fail "a small static program has $size bytes"
inside ldd /usr/local/bin/fast | grep -q 'libsess-fcgi.so' || fail 'the FastCGI program is not linked with the library'
case $(inside ldd /usr/local/bin/count-static 2>&1 || true) in *'not a dynamic executable'*) ;; *) fail 'the static program is dynamic' ;; esac

echo /var/lib/shop/sessions >>"$root/etc/sessctl/stores"
before=$(inside sha256sum /var/lib/shop/sessions/store)
records=$(find "$root/var/lib/shop/sessions/shards" -type f | sort | sha256sum)
quietly inside apt-get -q -y remove libsess0 sessctl
for file in usr/bin/sessctl usr/lib/$(dpkg-architecture --query DEB_HOST_MULTIARCH)/libsess.so.0 usr/include/sess; do
  [ ! -e "$root/$file" ] || fail "$file is there after the packages were removed"
done
grep -qx /var/lib/shop/sessions "$root/etc/sessctl/stores" || fail 'removed, sessctl has lost its list of stores'
quietly inside dpkg --purge sessctl libsess0 libsess-fcgi0 libsess-dev
left=$(find "$root/etc" -iname '*sessctl*') || true
[ -z "$left" ] || fail "after purge there is $left"
[ "$(inside sha256sum /var/lib/shop/sessions/store)" = "$before" ] || fail 'purge has touched the store'
[ "$(find "$root/var/lib/shop/sessions/shards" -type f | sort | sha256sum)" = "$records" ] || fail 'purge has touched sessions'
visit /usr/local/bin/visits-static
echo "library_test: ok, a small static program has $size bytes"
