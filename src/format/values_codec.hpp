// Values to payload and back, through the archives of sess/boost.hpp (src/FORMAT.md, "Payload").
#pragma once

#include <sess/value.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace sess::format {

/// Replaces the content of `payload`. Throws UsageError for values nested deeper than Value::depth_limit.
void encode_values(const Values& values, std::vector<std::byte>& payload);

/// Throws CorruptRecord for bytes that are no payload. Allocates at most some two hundred and fifty times their
/// size (a null takes one byte there and a whole Value here).
Values decode_values(std::span<const std::byte> payload);

}  // namespace sess::format
