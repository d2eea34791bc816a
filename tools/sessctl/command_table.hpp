// All commands there are, and the help that lists them.
#pragma once

#include "command.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sessctl {

std::span<const Command> command_table() noexcept;
/// Null if there is no such command.
const Command* find_command(std::string_view name) noexcept;
/// What `sessctl --help` prints.
std::string overview();

}  // namespace sessctl
