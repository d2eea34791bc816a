// The library's version. What changes when: CHANGELOG.md.
#pragma once

#include <sess/export.hpp>

#include <string_view>

/// Of the headers that the program was compiled with. The Makefile reads it from here.
#define SESS_VERSION "0.1.0"

namespace sess {

/// Of the library that the program runs with: "major.minor.patch".
SESS_API std::string_view version() noexcept;

}  // namespace sess
