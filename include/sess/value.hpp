// What a session holds under a name: a tagged value that nests.
#pragma once

#include <sess/codec.hpp>
#include <sess/error.hpp>
#include <sess/export.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace sess {

namespace detail {

/// Of the same sign on every machine: char and wchar_t, which are signed on x86 and unsigned on ARM, count as signed.
template <std::integral T>
using StandardInteger = std::conditional_t<std::is_signed_v<T> || std::same_as<T, char> || std::same_as<T, wchar_t>,
                                           std::make_signed_t<T>, std::make_unsigned_t<T>>;

/// std::in_range, for character types too.
template <std::integral T, std::integral Number>
constexpr bool fits(Number number) noexcept {
  return std::in_range<StandardInteger<T>>(static_cast<StandardInteger<Number>>(number));
}

}  // namespace detail

/// null | bool | int64 | double | string | bytes | array | object | a user type in its own archive.
///
/// A C++ value goes in by construction and comes out by as<T>(): bool, every integer type (checked for
/// range), float and double, std::string, Value::Bytes, std::vector<T>, std::map<std::string, T>, and every
/// type with a Codec. There are no silent conversions: an integer is not a double and not a bool.
class SESS_API Value {
 public:
  using Bytes = std::vector<std::byte>;
  using Array = std::vector<Value>;
  using Object = std::map<std::string, Value, std::less<>>;

  /// A user type that this program may not know: its bytes are kept as they are.
  struct UserType {
    std::string type_name;
    std::uint32_t version = 0;
    Bytes archive;
    friend bool operator==(const UserType&, const UserType&) = default;
  };

  enum class Type : std::uint8_t { null, boolean, integer, real, string, bytes, array, object, user };

  /// Nesting of arrays and objects beyond this is refused when it is stored.
  static constexpr int depth_limit = 64;

  Value() noexcept = default;  // null
  Value(std::nullptr_t) noexcept {}
  template <std::same_as<bool> T>  // or a pointer would become a bool
  Value(T value) : data_(value) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Value(T value) : data_(to_int64(value)) {}
  template <std::floating_point T>
  Value(T value) : data_(static_cast<double>(value)) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(std::string text) : data_(std::move(text)) {}
  Value(Bytes bytes) : data_(std::move(bytes)) {}
  Value(Array array) : data_(std::move(array)) {}
  Value(Object object) : data_(std::move(object)) {}
  Value(UserType user) : data_(std::move(user)) {}
  template <class T>
    requires(!std::same_as<T, Value> && !std::same_as<T, std::byte>)
  Value(const std::vector<T>& elements) : data_(Array(elements.begin(), elements.end())) {}
  template <class T>
    requires(!std::same_as<T, Value>)
  Value(const std::map<std::string, T>& elements) : data_(Object(elements.begin(), elements.end())) {}
  template <HasCodec T>
  Value(const T& value) : data_(encode_user(value)) {}

  Type type() const noexcept { return static_cast<Type>(data_.index()); }
  bool is_null() const noexcept { return type() == Type::null; }
  /// "string", "integer", ...; of a user type, its stored type name.
  std::string type_text() const;

  /// The value as a T. Throws TypeMismatch if it is something else or does not fit; `name` is what the
  /// message calls it.
  template <class T>
  T as(std::string_view name = "value") const;

  /// The stored alternative, or nullptr if the value is something else.
  template <class T>
  const T* get_if() const noexcept {
    return std::get_if<T>(&data_);
  }
  template <class T>
  T* get_if() noexcept {
    return std::get_if<T>(&data_);
  }

  friend bool operator==(const Value&, const Value&) = default;

 private:
  using Data = std::variant<std::monostate, bool, std::int64_t, double, std::string, Bytes, Array, Object, UserType>;

  template <std::integral T>
  static std::int64_t to_int64(T value) {
    if (!detail::fits<std::int64_t>(value)) refuse("value", "integer of 64 bits");
    return static_cast<std::int64_t>(static_cast<detail::StandardInteger<T>>(value));
  }
  template <class T>
  static UserType encode_user(const T& value) {
    UserType user{std::string(Codec<T>::type_name()), Codec<T>::version(), {}};
    ByteWriter out(user.archive);
    Codec<T>::encode(out, value);
    return user;
  }
  [[noreturn]] static void refuse(std::string_view name, const char* wanted);
  [[noreturn]] void mismatch(std::string_view name, std::string_view wanted) const;
  template <class T>
  const T& want(std::string_view name, std::string_view wanted) const {
    const T* found = std::get_if<T>(&data_);
    if (found == nullptr) mismatch(name, wanted);
    return *found;
  }

  Data data_;
};

/// The values of one session, by name.
using Values = Value::Object;

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T, class Compare>
struct IsMap<std::map<std::string, T, Compare>> : std::true_type {};
template <class>
inline constexpr bool unsupported = false;

}  // namespace detail

template <class T>
T Value::as(std::string_view name) const {
  if constexpr (std::same_as<T, Value>) {
    return *this;
  } else if constexpr (std::same_as<T, bool>) {
    return want<bool>(name, "boolean");
  } else if constexpr (std::integral<T>) {
    const std::int64_t number = want<std::int64_t>(name, "integer");
    if (!detail::fits<T>(number)) mismatch(name, "integer within the range asked for");
    return static_cast<T>(number);
  } else if constexpr (std::floating_point<T>) {
    const double number = want<double>(name, "real");
    if (std::isfinite(number) && std::abs(number) > static_cast<double>(std::numeric_limits<T>::max()))
      mismatch(name, "real within the range asked for");
    return static_cast<T>(number);
  } else if constexpr (std::same_as<T, std::string>) {
    return want<std::string>(name, "string");
  } else if constexpr (std::same_as<T, Bytes>) {
    return want<Bytes>(name, "bytes");
  } else if constexpr (std::same_as<T, Array>) {
    return want<Array>(name, "array");
  } else if constexpr (std::same_as<T, Object>) {
    return want<Object>(name, "object");
  } else if constexpr (std::same_as<T, UserType>) {
    return want<UserType>(name, "user type");
  } else if constexpr (HasCodec<T>) {
    const auto& user = want<UserType>(name, Codec<T>::type_name());
    if (user.type_name != Codec<T>::type_name()) mismatch(name, Codec<T>::type_name());
    ByteReader in(user.archive);
    T value = Codec<T>::decode(in, user.version);
    in.finish();
    return value;
  } else if constexpr (detail::IsVector<T>::value) {
    T elements;
    for (const Value& element : want<Array>(name, "array"))
      elements.push_back(element.template as<typename T::value_type>(name));
    return elements;
  } else if constexpr (detail::IsMap<T>::value) {
    T elements;
    for (const auto& [key, element] : want<Object>(name, "object"))
      elements.emplace(key, element.template as<typename T::mapped_type>(name));
    return elements;
  } else {
    static_assert(detail::unsupported<T>,
                  "sess: no way to read this type: write a sess::Codec<T>, or include <sess/boost.hpp>");
  }
}

}  // namespace sess
