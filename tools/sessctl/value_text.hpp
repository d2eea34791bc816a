// Values for people: like JSON, but readable text stays readable, and bytes and user types are named and not shown.
#pragma once

#include <sess/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace sessctl {

/// On one line if that is short, else indented by `indent` spaces from its second line on. Safe for a terminal.
std::string value_text(const sess::Value& value, std::size_t indent);

/// The name of a value: as it is, or in double quotes if it is not plain.
std::string name_text(std::string_view name);

}  // namespace sessctl
