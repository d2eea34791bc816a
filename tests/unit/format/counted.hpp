// Secrets and random parts that a test can write down.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sess::test {

/// An array of bytes: 0, 1, 2, ... from a first byte on.
template <class Array>
Array counted(unsigned first) {
  Array array;
  for (std::size_t i = 0; i < array.size(); ++i)
    array[i] = static_cast<typename Array::value_type>(static_cast<std::uint8_t>(first + i));
  return array;
}

}  // namespace sess::test
