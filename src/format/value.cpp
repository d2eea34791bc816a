#include <sess/value.hpp>

namespace sess {

std::string Value::type_text() const {
  switch (type()) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "boolean";
    case Type::integer:
      return "integer";
    case Type::real:
      return "real";
    case Type::string:
      return "string";
    case Type::bytes:
      return "bytes";
    case Type::array:
      return "array";
    case Type::object:
      return "object";
    case Type::user:
      return std::get<UserType>(data_).type_name;
  }
  return "unknown";
}

void Value::refuse(std::string_view name, const char* wanted) {
  throw TypeMismatch(std::string(name), wanted, "number outside its range");
}

void Value::mismatch(std::string_view name, std::string_view wanted) const {
  throw TypeMismatch(std::string(name), std::string(wanted), type_text());
}

}  // namespace sess
