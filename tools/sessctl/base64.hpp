// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <sess/value.hpp>

#include <string>
#include <string_view>

namespace sessctl {

std::string to_base64(const sess::Value::Bytes& bytes);
/// Of exactly what to_base64 writes; throws InvalidJson (json_value.hpp) for anything else.
sess::Value::Bytes from_base64(std::string_view text);

}  // namespace sessctl
