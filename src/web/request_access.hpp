// The session of a handler's request as a whole, for interfaces of other languages.
#pragma once

#include <sess/web/request.hpp>

namespace sess::web {

class RequestAccess {
 public:
  /// Null where the address never touches it.
  static RequestSession* session(const Request& request) noexcept { return request.session_; }
};

}  // namespace sess::web
