// sess::Value to JSON and back. What JSON has no word for is an object with one name that begins with "$":
//
//   bytes                      {"$bytes": "AAEC/w=="}                         base64 (RFC 4648, section 4, padded)
//   a user type                {"$user": {"type": "shop.cart", "version": 2, "size": 34}}   only shown, never read
//   a real that is no number   {"$real": "nan"}, {"$real": "inf"}, {"$real": "-inf"}
//   an object that looks like one of these     {"$object": {"$bytes": "taken literally"}}
//
// Integers are those of 64 bits with a sign; any number with a fraction or an exponent is a real. JSON is written in
// ASCII, on one line; what is not UTF-8 in a string is written as U+FFFD. Everything else comes back as it went.
// exact_json.hpp has the forms by which everything does.
#pragma once

#include <sess/value.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sessctl {

/// A text that is not JSON, or JSON that has no value of a session. what() does not repeat the text.
class InvalidJson : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~InvalidJson() override;
};

/// Throws InvalidJson.
sess::Value value_from_json(std::string_view text);
std::string to_json(const sess::Value& value);

/// JSON as it stands there, and back: an object with $ is an object. Throws InvalidJson. The value must be one that
/// JSON has words for: no bytes, no user type, no real that is no number, all text UTF-8.
sess::Value plain_from_json(std::string_view text);
std::string plain_to_json(const sess::Value& value);

/// Null for an empty text: JSON's word for what there is not.
sess::Value or_null(const std::string& text);

/// One JSON object on one line, its fields in the order in which they were added.
class JsonLine {
 public:
  JsonLine& add(std::string_view name, const sess::Value& value);
  /// All values of a session, as an object that is never taken for one of the forms above.
  JsonLine& add_values(std::string_view name, const sess::Values& values);
  /// By plain_to_json.
  JsonLine& add_plain(std::string_view name, const sess::Value& value);
  std::string text() const { return "{" + fields_ + "}"; }

 private:
  JsonLine& add_text(std::string_view name, const std::string& json);

  std::string fields_;
};

}  // namespace sessctl
