// How a type of the program's own becomes a value in a session.
//
//   template <>
//   struct sess::Codec<Cart> {
//     static std::string_view type_name() { return "shop.cart"; }   // stored; never change it
//     static std::uint32_t version() { return 2; }                  // stored; raise it when the bytes change
//     static void encode(sess::ByteWriter& out, const Cart& cart);
//     static Cart decode(sess::ByteReader& in, std::uint32_t version);  // version that the bytes were written with
//   };
//
// decode throws whatever it likes for bytes that it cannot read; the stored record stays as it is. A type
// that Boost.Serialization can serialize needs none of this: include <sess/boost.hpp>.
#pragma once

#include <sess/wire.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

namespace sess {

template <class T>
struct Codec;  // specialise it for a type of your own

template <class T>
concept HasCodec = requires(ByteWriter& out, ByteReader& in, const T& value, std::uint32_t version) {
  { Codec<T>::type_name() } -> std::convertible_to<std::string_view>;
  { Codec<T>::version() } -> std::convertible_to<std::uint32_t>;
  Codec<T>::encode(out, value);
  { Codec<T>::decode(in, version) } -> std::convertible_to<T>;
};

}  // namespace sess
