// What is in a session that is measured: nine texts and a count.
#pragma once

#include <sess/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sess::bench {

/// Nine texts of the same length, so that all values together have about `payload_size` bytes as libsess encodes them,
/// and "count", which is 0.
Values values_of_size(std::size_t payload_size);

/// The same for peers that keep bytes: they are encoded and decoded as libsess does it, so that every system in C++ has
/// the same work beside its own.
std::vector<std::byte> encoded_values(std::size_t payload_size);
/// Decodes all of it and answers the count; with `added`, encodes it again into the same buffer.
long long count_of(const std::vector<std::byte>& encoded);
long long count_up(std::vector<std::byte>& encoded);

/// 40 hexadecimal digits, spread as those of random IDs are.
std::string id_of(int session);

}  // namespace sess::bench
