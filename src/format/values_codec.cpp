#include "format/values_codec.hpp"

#include <sess/boost.hpp>

namespace sess::format {

namespace {

// The first byte of a value.
enum class Tag : std::uint8_t { null, no, yes, integer, real, string, bytes, array, object, user };
constexpr std::uint64_t last_tag = static_cast<std::uint64_t>(Tag::user);

void check_depth(int depth) {
  if (depth > Value::depth_limit) throw UsageError("store value: arrays and objects are nested too deeply");
}

void save_object(OutputArchive& archive, const Values& object, int depth);

void save_value(OutputArchive& archive, const Value& value, int depth) {
  check_depth(depth);
  const auto put = [&](Tag tag) { archive.writer().put_byte(static_cast<std::uint8_t>(tag)); };
  switch (value.type()) {
    case Value::Type::null:
      return put(Tag::null);
    case Value::Type::boolean:
      return put(*value.get_if<bool>() ? Tag::yes : Tag::no);
    case Value::Type::integer:
      put(Tag::integer);
      archive << *value.get_if<std::int64_t>();
      return;
    case Value::Type::real:
      put(Tag::real);
      archive << *value.get_if<double>();
      return;
    case Value::Type::string:
      put(Tag::string);
      archive << *value.get_if<std::string>();
      return;
    case Value::Type::bytes:
      put(Tag::bytes);
      archive.writer().put_bytes(*value.get_if<Value::Bytes>());
      return;
    case Value::Type::array: {
      const auto& array = *value.get_if<Value::Array>();
      put(Tag::array);
      archive << boost::serialization::collection_size_type(array.size());
      for (const Value& element : array) save_value(archive, element, depth + 1);
      return;
    }
    case Value::Type::object:
      put(Tag::object);
      return save_object(archive, *value.get_if<Value::Object>(), depth + 1);
    case Value::Type::user: {
      const auto& user = *value.get_if<Value::UserType>();
      put(Tag::user);
      archive << user.type_name << user.version;
      archive.writer().put_bytes(user.archive);
      return;
    }
  }
}

void save_object(OutputArchive& archive, const Values& object, int depth) {
  archive << boost::serialization::collection_size_type(object.size());
  for (const auto& [name, value] : object) {
    archive << name;
    save_value(archive, value, depth);
  }
}

Values load_object(InputArchive& archive, int depth);

Value load_value(InputArchive& archive, int depth) {
  ByteReader& in = archive.reader();
  if (depth > Value::depth_limit) in.fail("values are nested too deeply");
  const std::uint8_t tag = in.get_byte();
  if (tag > last_tag) in.fail("an unknown type of value");
  switch (static_cast<Tag>(tag)) {
    case Tag::null:
      return {};
    case Tag::no:
      return false;
    case Tag::yes:
      return true;
    case Tag::integer:
      return in.get_signed();
    case Tag::real:
      return in.get_double();
    case Tag::string:
      return in.get_string();
    case Tag::bytes:
      return in.get_bytes();
    case Tag::array: {
      const std::size_t count = in.get_count();
      Value::Array array;  // grows as elements come: a count costs its sender a byte, an element us many
      for (std::size_t i = 0; i < count; ++i) array.push_back(load_value(archive, depth + 1));
      return array;
    }
    case Tag::object:
      return load_object(archive, depth + 1);
    case Tag::user: {
      Value::UserType user;
      archive >> user.type_name >> user.version;
      user.archive = in.get_bytes();
      return user;
    }
  }
  return {};
}

Values load_object(InputArchive& archive, int depth) {
  const std::size_t count = archive.reader().get_count();
  Values object;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name;
    archive >> name;
    // Written in ascending order, each name once; anything else was not written by an encoder.
    if (!object.empty() && name <= object.rbegin()->first) archive.reader().fail("names are not in order");
    object.emplace_hint(object.end(), std::move(name), load_value(archive, depth));
  }
  return object;
}

}  // namespace

void encode_values(const Values& values, std::vector<std::byte>& payload) {
  payload.clear();
  ByteWriter out(payload);
  OutputArchive archive(out);
  save_object(archive, values, 1);
}

Values decode_values(std::span<const std::byte> payload) {
  ByteReader in(payload);
  InputArchive archive(in);
  Values values = load_object(archive, 1);
  in.finish();
  return values;
}

}  // namespace sess::format
