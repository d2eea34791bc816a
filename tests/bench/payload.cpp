#include "bench/payload.hpp"

#include "format/values_codec.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace sess::bench {

Values values_of_size(std::size_t payload_size) {
  constexpr std::size_t texts = 9;
  const auto with = [](std::size_t length) {
    Values values;
    for (std::size_t i = 0; i < texts; ++i) values.emplace(fmt::format("name{}", i), std::string(length, 'v'));
    values.emplace("count", 0);
    return values;
  };
  std::vector<std::byte> empty;
  format::encode_values(with(0), empty);
  return with(payload_size > empty.size() ? (payload_size - empty.size()) / texts : 0);
}

std::vector<std::byte> encoded_values(std::size_t payload_size) {
  std::vector<std::byte> encoded;
  format::encode_values(values_of_size(payload_size), encoded);
  return encoded;
}

long long count_of(const std::vector<std::byte>& encoded) {
  return format::decode_values(encoded).at("count").as<long long>();
}

long long count_up(std::vector<std::byte>& encoded) {
  Values values = format::decode_values(encoded);
  const long long count = values.at("count").as<long long>() + 1;
  values.insert_or_assign("count", count);
  format::encode_values(values, encoded);
  return count;
}

std::string id_of(int session) {
  // splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): one to one, so that no
  // two sessions have the same ID.
  auto mixed = static_cast<std::uint64_t>(session) + 0x9e3779b97f4a7c15U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  mixed ^= mixed >> 31;
  return fmt::format("{:016x}{:024x}", mixed, session);
}

}  // namespace sess::bench
