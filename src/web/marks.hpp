// Marks in a response for what is known only after the commit: the session's ID, and what is derived from it.
//
// A handler writes marks, finish() decides, and then the marks in the response are replaced. A mark is made of letters
// and digits alone, so that it comes through every way of quoting (HTML, JSON, addresses) as it is. Nobody else can
// write one: it has 128 bits of chance, made for this response.
#pragma once

#include <sess/store.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sess::web {

class Marks {
 public:
  enum class Kind : char {
    csrf_token = 't',
    csrf_field = 'f',
    first_parameter = 'q',  // "?name=ID"
    next_parameter = 'a',   // "&name=ID"
    address_field = 'h',    // the parameter as a field of a form
  };
  /// What the marks become; nothing where a text is empty.
  struct Texts {
    std::string csrf_token;
    std::string csrf_field;
    std::string address_parameter;  // "name=ID"
    std::string address_field;
  };

  /// Throws IoError if there is no chance to be had.
  std::string make(Kind kind, const Store& store);
  bool has_csrf() const noexcept { return has_csrf_; }
  bool has_address() const noexcept { return has_address_; }
  void replace(std::string& text, const Texts& by) const;

 private:
  std::string prefix_;  // empty: none has been made
  bool has_csrf_ = false;
  bool has_address_ = false;
};

}  // namespace sess::web
