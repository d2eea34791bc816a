// What PHP writes into its session files: variables in the form of serialize(), put together by one of three handlers.
//
//   php            name|i:1;other|a:1:{i:0;N;}               session.serialize_handler, the default
//   php_binary     the length of the name in one byte, the name, i:1; and so on
//   php_serialize  a:2:{s:4:"name";i:1;s:5:"other";a:1:{i:0;N;}}
//
// Null, booleans, integers, floats, strings and arrays become values; nothing is guessed:
//
//   string   a string if it is UTF-8, else bytes
//   array    an array if its keys are 0, 1, 2, ... in this order, also if it is empty; else an object, whose integer
//            keys are decimal. PHP has no "1" beside 1, so no two are the same; their order is lost
//   objects, enumerations and references have no value here: they are left out, and said to be
//
// The bytes are a stranger's: no length is believed, and nesting is bounded by what a value may have.
#pragma once

#include <sess/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace sessctl {

/// Bytes that no handler of PHP writes. what() does not repeat them.
class InvalidPhp : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~InvalidPhp() override;
};

enum class PhpHandler : std::uint8_t { php, php_binary, php_serialize };

/// "php", ...; nothing for another name.
std::optional<PhpHandler> php_handler_of(std::string_view name) noexcept;

struct PhpVariables {
  sess::Values values;
  std::size_t left_out = 0;         // objects, enumerations and references
  std::string first_left_out = {};  // what the first of them is, safe to print
};

/// Throws InvalidPhp. An empty file is a session without variables.
PhpVariables parse_php_session(std::string_view content, PhpHandler handler);
/// By the one handler that such a file can be of. Throws InvalidPhp, also where several fit.
PhpVariables parse_php_session(std::string_view content);

}  // namespace sessctl
