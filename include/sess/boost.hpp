// Opt-in: every type that Boost.Serialization can serialize may be put into a session.
//
//   struct Cart {
//     std::vector<Item> items;
//     template <class Archive>
//     void serialize(Archive& archive, unsigned version) { archive & items; }
//   };
//   BOOST_CLASS_VERSION(Cart, 1)                  // optional; raise it when the members change
//   BOOST_CLASS_EXPORT_KEY2(Cart, "shop.cart")    // optional, recommended: the name that is stored; it needs
//                                                 // <boost/serialization/export.hpp>
//
//   session.set("cart", cart);
//   session.get<Cart>("cart");
//
// Without a key the stored name is typeid(Cart).name(), which changes when the type is renamed or moved to
// another namespace. The archives are the project's own models of Boost's Archive concept ("Archive Concepts"
// in the Boost.Serialization manual): portable, over memory, without type registry and object tracking. What
// they do not support fails to compile: pointers, references to shared objects, wide strings.
#pragma once

#include <sess/codec.hpp>
#include <sess/value.hpp>

#include <boost/archive/basic_archive.hpp>
#include <boost/mpl/bool.hpp>
#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/extended_type_info.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/level.hpp>
#include <boost/serialization/level_enum.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/version.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace sess {

namespace detail {

// The layout that Boost's container code reads and writes: that of every Boost release since 1.58, pinned so
// that another release cannot change the bytes.
inline constexpr unsigned boost_library_version = 14;

template <class T>
inline constexpr int level = boost::serialization::implementation_level<T>::value;

/// Numbers that Boost wraps into types of their own.
template <class T>
concept WrappedNumber = std::same_as<T, boost::serialization::collection_size_type> ||
    std::same_as<T, boost::serialization::item_version_type>;

/// What Boost's unordered containers name their number of buckets with.
template <class T>
concept NamedSize =
    std::same_as<std::remove_const_t<T>, boost::serialization::nvp<boost::serialization::collection_size_type>>;

template <class T>
inline constexpr bool has_class_version = level<T> >= boost::serialization::object_class_info;

}  // namespace detail

/// Writes. Not thread-safe; the writer must outlive it.
class OutputArchive {
 public:
  using is_saving = boost::mpl::bool_<true>;
  using is_loading = boost::mpl::bool_<false>;

  explicit OutputArchive(ByteWriter& out) noexcept : out_(out) {}

  template <class T>
  OutputArchive& operator<<(const T& value) {
    save(value);
    return *this;
  }
  template <class T>
  OutputArchive& operator&(const T& value) {
    return *this << value;
  }
  void save_binary(const void* bytes, std::size_t size) { out_.put_raw({static_cast<const std::byte*>(bytes), size}); }
  template <class T>
  void register_type(const T* = nullptr) {}
  auto get_library_version() const { return boost::archive::library_version_type(detail::boost_library_version); }
  ByteWriter& writer() noexcept { return out_; }

 private:
  template <class T>
  void save(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      out_.put_bool(value);
    } else if constexpr (std::is_enum_v<T>) {
      save(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (std::integral<T>) {
      static_assert(sizeof(T) <= sizeof(std::int64_t), "sess: an integer of more than 64 bits has no portable form");
      if constexpr (std::signed_integral<detail::StandardInteger<T>>)
        out_.put_signed(static_cast<detail::StandardInteger<T>>(value));
      else
        out_.put_unsigned(value);
    } else if constexpr (std::same_as<T, float>) {
      out_.put_float(value);
    } else if constexpr (std::same_as<T, double>) {
      out_.put_double(value);
    } else if constexpr (std::same_as<T, std::string>) {
      out_.put_string(value);
    } else if constexpr (detail::WrappedNumber<T>) {
      out_.put_unsigned(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_array_v<T>) {
      for (const auto& element : value) save(element);
    } else {
      static_assert(!std::is_pointer_v<T>, "sess: pointers cannot be stored in a session; store the object");
      static_assert(!std::is_floating_point_v<T>, "sess: long double has no portable form; use double");
      static_assert(detail::level<T> >= boost::serialization::object_serializable,
                    "sess: Boost.Serialization cannot serialize this type");
      if constexpr (detail::has_class_version<T>) out_.put_unsigned(boost::serialization::version<T>::value);
      boost::serialization::serialize_adl(*this, const_cast<T&>(value), boost::serialization::version<T>::value);
    }
  }

  ByteWriter& out_;
};

/// Reads what OutputArchive wrote. Throws CorruptRecord for bytes that do not fit the type, and for a class
/// version that is newer than the program's.
class InputArchive {
 public:
  using is_saving = boost::mpl::bool_<false>;
  using is_loading = boost::mpl::bool_<true>;

  explicit InputArchive(ByteReader& in) noexcept : in_(in) {}

  template <class T>
  InputArchive& operator>>(T&& value) {
    load(value);
    return *this;
  }
  template <class T>
  InputArchive& operator&(T&& value) {
    return *this >> value;
  }
  void load_binary(void* bytes, std::size_t size) {
    const auto found = in_.get_raw(size);
    std::copy(found.begin(), found.end(), static_cast<std::byte*>(bytes));
  }
  template <class T>
  void register_type(const T* = nullptr) {}
  // Objects are not tracked, so it does not matter where they move.
  template <class T>
  void reset_object_address(const T*, const T*) {}
  auto get_library_version() const { return boost::archive::library_version_type(detail::boost_library_version); }
  ByteReader& reader() noexcept { return in_; }

 private:
  template <class T>
  void load(T& value) {
    if constexpr (std::same_as<T, bool>) {
      value = in_.get_bool();
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number;
      load(number);
      value = static_cast<T>(number);
    } else if constexpr (std::integral<T>) {
      if constexpr (std::signed_integral<detail::StandardInteger<T>>)
        value = narrow<T>(in_.get_signed());
      else
        value = narrow<T>(in_.get_unsigned());
    } else if constexpr (std::same_as<T, float>) {
      value = in_.get_float();
    } else if constexpr (std::same_as<T, double>) {
      value = in_.get_double();
    } else if constexpr (std::same_as<T, std::string>) {
      value = in_.get_string();
    } else if constexpr (std::same_as<T, boost::serialization::collection_size_type>) {
      // Checked against what is left: the container reserves memory for it.
      value = boost::serialization::collection_size_type(in_.get_count());
    } else if constexpr (detail::NamedSize<T>) {
      // The number of buckets of a hash table is a hint and no length: no element follows for each of them.
      if (value.name() == std::string_view("bucket_count")) {
        const std::uint64_t wanted = in_.get_unsigned();
        value.value() =
            boost::serialization::collection_size_type(wanted < in_.left() ? static_cast<std::size_t>(wanted) : 0);
      } else {
        load(value.value());
      }
    } else if constexpr (detail::WrappedNumber<T>) {
      value = T(narrow<unsigned>(in_.get_unsigned()));
    } else if constexpr (std::is_array_v<T>) {
      for (auto& element : value) load(element);
    } else {
      static_assert(!std::is_pointer_v<T>, "sess: pointers cannot be stored in a session; store the object");
      static_assert(!std::is_floating_point_v<T>, "sess: long double has no portable form; use double");
      static_assert(detail::level<T> >= boost::serialization::object_serializable,
                    "sess: Boost.Serialization cannot serialize this type");
      unsigned version = boost::serialization::version<T>::value;
      if constexpr (detail::has_class_version<T>) version = known_version<T>(in_.get_unsigned());
      boost::serialization::serialize_adl(*this, const_cast<std::remove_const_t<T>&>(value), version);
    }
  }

  template <class T, class Number>
  T narrow(Number number) const {
    if (!detail::fits<T>(number)) in_.fail("a number does not fit its type");
    return static_cast<T>(number);
  }
  template <class T>
  unsigned known_version(std::uint64_t version) const {
    if (version > static_cast<std::uint64_t>(boost::serialization::version<T>::value))
      in_.fail("a class was written by a newer version of the program");
    return static_cast<unsigned>(version);
  }

  ByteReader& in_;
};

namespace detail {

/// Types that a Value holds in a way of its own.
template <class T>
inline constexpr bool is_value_type =
    std::same_as<T, Value> || std::same_as<T, Value::UserType> || std::same_as<T, std::string> ||
    std::same_as<T, std::string_view> || IsVector<T>::value || IsMap<T>::value;

template <class T>
concept BoostSerializable =
    std::is_class_v<T> && !is_value_type<T> && level<T> >= boost::serialization::object_serializable;

}  // namespace detail

template <detail::BoostSerializable T>
struct Codec<T> {
  static std::string_view type_name() {
    const char* key = boost::serialization::guid<T>();
    return key != nullptr ? key : typeid(T).name();
  }
  static std::uint32_t version() { return boost::serialization::version<T>::value; }
  static void encode(ByteWriter& out, const T& value) {
    OutputArchive archive(out);
    boost::serialization::serialize_adl(archive, const_cast<T&>(value), boost::serialization::version<T>::value);
  }
  static T decode(ByteReader& in, std::uint32_t version) {
    if (version > static_cast<std::uint32_t>(boost::serialization::version<T>::value))
      in.fail("a class was written by a newer version of the program");
    T value{};
    InputArchive archive(in);
    boost::serialization::serialize_adl(archive, value, version);
    return value;
  }
};

}  // namespace sess
