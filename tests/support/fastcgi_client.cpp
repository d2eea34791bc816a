#include "support/fastcgi_client.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace sess::test {

namespace {

// Record types; FastCGI 1.0, section 8.
constexpr char begin_request = 1;
constexpr char end_request = 3;
constexpr char params = 4;
constexpr char standard_input = 5;
constexpr char standard_output = 6;

std::string record(char type, const std::string& content) {
  const auto size = content.size();
  std::string text = {1, type, 0, 1, static_cast<char>(size >> 8), static_cast<char>(size & 0xff), 0, 0};
  return text + content;
}

std::string length(std::size_t size) {
  if (size < 128) return {static_cast<char>(size)};
  return {static_cast<char>(0x80 | (size >> 24)), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
          static_cast<char>(size)};
}

}  // namespace

FastcgiClient::FastcgiClient(const std::string& socket_path)
    : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to " + socket_path);
}

FastcgiClient::~FastcgiClient() { ::close(descriptor_); }

std::string FastcgiClient::records(const std::map<std::string, std::string>& variables, const std::string& body,
                                   Connection connection) {
  std::string pairs;
  for (const auto& [name, value] : variables) pairs += length(name.size()) + length(value.size()) + name + value;
  // Role "responder".
  const std::string begin = {0, 1, static_cast<char>(connection), 0, 0, 0, 0, 0};
  std::string text = record(begin_request, begin) + record(params, pairs) + record(params, "");
  if (!body.empty()) text += record(standard_input, body);
  return text + record(standard_input, "");
}

void FastcgiClient::send_bytes(const std::string& bytes) {
  static_cast<void>(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

std::string FastcgiClient::receive() {
  const auto read = [this](std::size_t size) {
    std::string text(size, '\0');
    if (size != 0 && ::recv(descriptor_, text.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size))
      throw std::runtime_error("the FastCGI program has gone");
    return text;
  };
  std::string output;
  while (true) {
    const std::string head = read(8);
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(head[4])) << 8 |
                      static_cast<std::size_t>(static_cast<unsigned char>(head[5]));
    const std::string content = read(size);
    read(static_cast<unsigned char>(head[6]));  // padding
    if (head[1] == end_request) return output;
    if (head[1] == standard_output) output += content;
  }
}

}  // namespace sess::test
