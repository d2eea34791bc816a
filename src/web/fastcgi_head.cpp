#include "web/fastcgi_head.hpp"

namespace sess::fcgi {

namespace {

constexpr std::size_t header_size = 8;  // version, type, request ID (2), length of content (2), of padding, reserved
constexpr unsigned version_1 = 1;
constexpr unsigned begin_request = 1;
constexpr unsigned params = 4;

}  // namespace

bool holds_head(std::string_view bytes) noexcept {
  if (bytes.size() < header_size) return false;
  const std::string_view request_id = bytes.substr(2, 2);
  for (unsigned wanted = begin_request; bytes.size() >= header_size; wanted = params) {
    const auto at = [bytes](std::size_t index) {
      return static_cast<unsigned>(static_cast<unsigned char>(bytes[index]));
    };
    const std::size_t content = (at(4) << 8) + at(5);
    const std::size_t size = header_size + content + at(6);
    if (at(0) != version_1 || at(1) != wanted || bytes.substr(2, 2) != request_id) return false;
    // An empty record is the end of the parameters.
    if (wanted == params && content == 0) return size <= bytes.size();
    if (size > bytes.size()) return false;
    bytes.remove_prefix(size);
  }
  return false;
}

}  // namespace sess::fcgi
