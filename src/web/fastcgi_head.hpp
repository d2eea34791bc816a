// How much of a FastCGI request has come (FastCGI 1.0, sections 3.3, 5.1 and 5.2).
#pragma once

#include <string_view>

namespace sess::fcgi {

/// Whether `bytes`, which begin with a request, hold all of it but its body: libfcgi will not wait for more before it
/// hands the request out. False also for records that do not belong there, and for those of several requests.
bool holds_head(std::string_view bytes) noexcept;

}  // namespace sess::fcgi
