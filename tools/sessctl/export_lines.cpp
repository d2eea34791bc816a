#include "export_lines.hpp"

#include "base64.hpp"
#include "exact_json.hpp"
#include "json_value.hpp"
#include "session_facts.hpp"

#include <sess/session_id.hpp>
#include <sess/value.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <utility>

namespace sessctl {
namespace {

using sess::Value;
using std::chrono::milliseconds;

constexpr std::string_view format_name = "libsess export";
constexpr std::int64_t format_version = 1;

/// A line's object, field by field.
class Fields {
 public:
  explicit Fields(Value line) : line_(std::move(line)) {
    if (line_.get_if<Value::Object>() == nullptr) throw InvalidJson("the line is no JSON object");
  }

  Value* find(std::string_view name) {
    auto& object = *line_.get_if<Value::Object>();
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &found->second;
  }
  template <class T>
  T& want(std::string_view name) {
    Value* const field = find(name);
    T* const content = field == nullptr ? nullptr : field->get_if<T>();
    if (content == nullptr) throw InvalidJson("\"" + std::string(name) + "\" is missing or of another type");
    return *content;
  }
  std::uint64_t number_of(std::string_view name) {
    const auto number = want<std::int64_t>(name);
    if (number < 0) throw InvalidJson("\"" + std::string(name) + "\" is out of range");
    return static_cast<std::uint64_t>(number);
  }
  /// A time or a duration. What is out of range for a session is refused when it is made; here it must not overflow.
  milliseconds milliseconds_of(std::string_view name) {
    constexpr std::int64_t most = std::int64_t{1} << 48;
    const auto number = want<std::int64_t>(name);
    if (number < 0 || number > most) throw InvalidJson("\"" + std::string(name) + "\" is out of range");
    return milliseconds(number);
  }
  Clock::time_point time_of(std::string_view name) {
    // The clock's own unit may be finer than 2^48 milliseconds allow for.
    constexpr auto most = std::chrono::floor<milliseconds>(Clock::time_point::max().time_since_epoch());
    const milliseconds since_1970 = milliseconds_of(name);
    if (since_1970 > most) throw InvalidJson("\"" + std::string(name) + "\" is out of range");
    return Clock::time_point(since_1970);
  }
  sess::SessionKey key_of(std::string_view name) {
    const auto key = sess::SessionKey::parse(want<std::string>(name));
    if (!key) throw InvalidJson("\"" + std::string(name) + "\" is not 40 hexadecimal digits");
    return *key;
  }

 private:
  Value line_;
};

sess::SessionKind kind_of(std::string_view name) {
  for (const sess::SessionKind kind : {sess::SessionKind::anonymous, sess::SessionKind::authenticated})
    if (name == kind_name(kind)) return kind;
  throw InvalidJson("\"kind\" is neither anonymous nor authenticated");
}

sess::SessionCopy session_from(Fields& fields) {
  const auto generation = fields.want<std::int64_t>("generation");
  if (generation < 1) throw InvalidJson("\"generation\" is out of range");
  sess::SessionCopy copy{.key = fields.key_of("key"),
                         .kind = kind_of(fields.want<std::string>("kind")),
                         .generation = static_cast<std::uint64_t>(generation),
                         .created = fields.time_of("created_unix_ms"),
                         .idle_timeout = fields.milliseconds_of("idle_timeout_ms"),
                         .deadline = fields.time_of("deadline_unix_ms"),
                         .absolute_deadline = fields.time_of("absolute_deadline_unix_ms")};
  if (fields.find("principal") != nullptr) copy.principal = fields.key_of("principal");
  if (fields.find("sealed_values") != nullptr) {
    if (fields.find("values") != nullptr) throw InvalidJson("a session has values or sealed_values, not both");
    copy.sealed = from_base64(fields.want<std::string>("sealed_values"));
  } else {
    Value values = from_exact_form(std::move(fields.want<Value::Object>("values")));
    auto* const object = values.get_if<Value::Object>();
    if (object == nullptr) throw InvalidJson("\"values\" is no object");
    copy.values = std::move(*object);
  }
  return copy;
}

}  // namespace

std::string to_line(const ExportHeader& header) {
  return JsonLine()
      .add("type", "header")
      .add("format", format_name)
      .add("version", format_version)
      .add("keyring", Value(Value::Array(header.keyring.begin(), header.keyring.end())))
      .text();
}

std::string to_line(const sess::SessionCopy& copy) {
  JsonLine line;
  line.add("type", "session")
      .add("key", copy.key.to_string())
      .add("kind", kind_name(copy.kind))
      .add("generation", copy.generation)
      .add("created_unix_ms", unix_ms(copy.created))
      .add("idle_timeout_ms", copy.idle_timeout.count())
      .add("deadline_unix_ms", unix_ms(copy.deadline))
      .add("absolute_deadline_unix_ms", unix_ms(copy.absolute_deadline));
  if (copy.principal) line.add("principal", copy.principal->to_string());
  if (copy.sealed) {
    line.add("sealed_values", to_base64(*copy.sealed));
  } else {
    line.add_plain("values", to_exact_form(Value(copy.values)));
  }
  return line.text();
}

std::string to_line(const ExportEnd& end) {
  return JsonLine()
      .add("type", "end")
      .add("sessions", end.sessions)
      .add("left_out", end.left_out)
      .add("directories_left_out", end.directories_left_out)
      .text();
}

std::size_t longest_line(std::uint64_t size_limit) noexcept {
  // What grows most is an empty value of a program's own type without a name: four bytes, and 49 characters. Something
  // is added for who has written the line himself, with blanks in it.
  constexpr std::uint64_t characters_of_byte = 16;
  constexpr std::uint64_t other_fields = 64 * 1024;  // a header has a mark for each secret there was
  return static_cast<std::size_t>(other_fields + characters_of_byte * size_limit);
}

ExportLine parse_export_line(std::string_view line) {
  Fields fields(plain_from_json(line));
  const auto& type = fields.want<std::string>("type");
  if (type == "session") return session_from(fields);
  if (type == "header") {
    if (fields.want<std::string>("format") != format_name) throw InvalidJson("this is no export of sessions");
    if (fields.want<std::int64_t>("version") != format_version)
      throw InvalidJson("the export is of a version that this sessctl does not know");
    ExportHeader header;
    for (const Value& mark : fields.want<Value::Array>("keyring")) {
      const auto* const text = mark.get_if<std::string>();
      if (text == nullptr) throw InvalidJson("\"keyring\" is no array of strings");
      header.keyring.push_back(*text);
    }
    return header;
  }
  if (type != "end") throw InvalidJson("\"type\" is none of header, session and end");
  constexpr const char* directories = "directories_left_out";  // not there in older exports
  return ExportEnd{fields.number_of("sessions"), fields.number_of("left_out"),
                   fields.find(directories) != nullptr ? fields.number_of(directories) : 0};
}

}  // namespace sessctl
