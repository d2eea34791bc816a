#include "sys/fastcgi_peers.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace sess::sys {
namespace {

bool may_connect(const char* list, const char* address) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  const FastcgiPeers peers(list);
  if (::inet_pton(AF_INET, address, &four.sin_addr) == 1)
    return peers.may_connect(reinterpret_cast<const sockaddr&>(four));
  REQUIRE(::inet_pton(AF_INET6, address, &six.sin6_addr) == 1);
  return peers.may_connect(reinterpret_cast<const sockaddr&>(six));
}

TEST_CASE("without a list of web servers every host may connect") {
  CHECK(may_connect("", "192.0.2.1"));
  CHECK(may_connect("", "2001:db8::1"));
}

TEST_CASE("with a list of web servers no other host may connect") {
  for (const char* address : {"192.0.2.1", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"}) {
    CAPTURE(address);
    CHECK(may_connect("192.0.2.1,192.0.2.7, 2001:db8::1", address));
  }
  for (const char* address : {"192.0.2.2", "::ffff:192.0.2.2", "2001:db8::2", "::192.0.2.1", "0.0.0.0", "::"}) {
    CAPTURE(address);
    CHECK_FALSE(may_connect("192.0.2.1,192.0.2.7, 2001:db8::1", address));
  }
}

TEST_CASE("what is no address in a list of web servers is nobody's, and does not open it") {
  CHECK_FALSE(may_connect("localhost", "127.0.0.1"));
  CHECK_FALSE(may_connect(",", "0.0.0.0"));
  CHECK_FALSE(may_connect("256.0.0.1", "255.255.255.255"));
  CHECK(may_connect("localhost,,127.0.0.1", "127.0.0.1"));
}

TEST_CASE("a list of web servers is not asked for who comes by a UNIX socket") {
  sockaddr peer{};
  peer.sa_family = AF_UNIX;
  CHECK(FastcgiPeers("192.0.2.1").may_connect(peer));
}

}  // namespace
}  // namespace sess::sys
