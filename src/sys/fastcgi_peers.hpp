// Which hosts may ask a FastCGI program that listens at a TCP socket (FastCGI 1.0, section 3.2: FCGI_WEB_SERVER_ADDRS).
#pragma once

#include <array>
#include <string_view>
#include <vector>

struct sockaddr;

namespace sess::sys {

/// Never changed once it is made: any thread may ask.
class FastcgiPeers {
 public:
  /// Addresses with commas between them, IPv6 too; empty: every host. What is no address is nobody's.
  explicit FastcgiPeers(std::string_view list);
  /// Of an accepted connection. Who comes by another way than IP, as by a UNIX socket, is no host and may.
  bool may_connect(const sockaddr& peer) const;

 private:
  using Address = std::array<unsigned char, 16>;  // IPv4 as IPv6 has it: ::ffff:a.b.c.d
  static Address mapped(const void* ipv4);

  bool everybody_;
  std::vector<Address> addresses_;
};

}  // namespace sess::sys
