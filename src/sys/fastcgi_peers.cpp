#include "sys/fastcgi_peers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace sess::sys {

FastcgiPeers::FastcgiPeers(std::string_view list) : everybody_(list.empty()) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view name = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const std::string text(name);
    in_addr four{};
    Address six{};
    if (::inet_pton(AF_INET, text.c_str(), &four) == 1)
      addresses_.push_back(mapped(&four));
    else if (::inet_pton(AF_INET6, text.c_str(), six.data()) == 1)
      addresses_.push_back(six);
  }
}

FastcgiPeers::Address FastcgiPeers::mapped(const void* ipv4) {
  Address address{};
  address[10] = address[11] = 0xff;
  std::memcpy(&address[12], ipv4, 4);
  return address;
}

bool FastcgiPeers::may_connect(const sockaddr& peer) const {
  if (everybody_) return true;
  Address address{};
  if (peer.sa_family == AF_INET) {
    address = mapped(&reinterpret_cast<const sockaddr_in&>(peer).sin_addr);
  } else if (peer.sa_family == AF_INET6) {
    std::memcpy(address.data(), &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, address.size());
  } else {
    return true;
  }
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

}  // namespace sess::sys
