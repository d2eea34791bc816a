#include "web/marks.hpp"

#include "store/core.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace sess::web {

std::string Marks::make(Kind kind, const Store& store) {
  if (prefix_.empty()) {
    std::array<std::byte, 16> chance;
    StoreAccess::random(store, chance);
    prefix_ = "sess";
    for (const std::byte byte : chance) {
      prefix_ += static_cast<char>('a' + (std::to_integer<int>(byte) >> 4));
      prefix_ += static_cast<char>('a' + (std::to_integer<int>(byte) & 15));
    }
  }
  const bool csrf = kind == Kind::csrf_token || kind == Kind::csrf_field;
  (csrf ? has_csrf_ : has_address_) = true;
  return prefix_ + static_cast<char>(kind);
}

void Marks::replace(std::string& text, const Texts& by) const {
  if (prefix_.empty()) return;
  std::string replaced;
  std::size_t done = 0;
  for (auto at = text.find(prefix_); at != std::string::npos; at = text.find(prefix_, done)) {
    replaced.append(text, done, at - done);
    done = at + prefix_.size();
    const char kind = done < text.size() ? text[done] : '\0';
    switch (static_cast<Kind>(kind)) {
      case Kind::csrf_token:
        replaced += by.csrf_token;
        break;
      case Kind::csrf_field:
        replaced += by.csrf_field;
        break;
      case Kind::first_parameter:
        if (!by.address_parameter.empty()) replaced += "?" + by.address_parameter;
        break;
      case Kind::next_parameter:
        if (!by.address_parameter.empty()) replaced += "&" + by.address_parameter;
        break;
      case Kind::address_field:
        replaced += by.address_field;
        break;
      default:
        replaced += prefix_;
        continue;
    }
    ++done;
  }
  if (done == 0) return;
  replaced.append(text, done);
  text = std::move(replaced);
}

}  // namespace sess::web
