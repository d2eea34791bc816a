// What each version of each session holds: computed from two numbers, so that a reader can tell it from any mixture.
#pragma once

#include <sess/editor.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace sess::test::power {

/// From 100 bytes to 64 KiB, small ones more often.
std::string text_of(std::uint32_t session, std::uint32_t version);

/// Makes this version of the editor's session.
void write_version(Editor& editor, std::uint32_t session, std::uint32_t version);

/// The version that these values are, wholly, of this session; or nothing.
std::optional<std::uint32_t> version_in(const Values& values, std::uint32_t session);

}  // namespace sess::test::power
