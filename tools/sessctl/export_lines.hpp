// The lines of an export, in both directions: one JSON object each, in ASCII.
//
//   {"type": "header", "format": "libsess export", "version": 1, "keyring": ["8f0c1d2e3a4b5c6d", ...]}
//   {"type": "session", "key": ..., ..., "values": {...}}                  any number of them; exact_json.hpp
//   {"type": "end", "sessions": 2, "left_out": 0,
//    "directories_left_out": 0}                                             without it the export is cut off
//
// What follows the end is another export, or nothing.
#pragma once

#include <sess/transfer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sessctl {

struct ExportHeader {
  std::vector<std::string> keyring;  // sess::keyring_marks of the store
};
struct ExportEnd {
  std::uint64_t sessions = 0;
  std::uint64_t left_out = 0;              // that could not be read
  std::uint64_t directories_left_out = 0;  // likewise, with nobody knows how many sessions
};
using ExportLine = std::variant<ExportHeader, sess::SessionCopy, ExportEnd>;

std::string to_line(const ExportHeader& header);
std::string to_line(const sess::SessionCopy& copy);
std::string to_line(const ExportEnd& end);

/// No line of a session whose values take so many bytes in its record (StoreOptions::size_limit) is longer.
std::size_t longest_line(std::uint64_t size_limit) noexcept;

/// Throws InvalidJson for a line that is none of these. Fields that are not known are passed over: later releases may
/// add some without a new version, if who does not know them does no harm.
ExportLine parse_export_line(std::string_view line);

}  // namespace sessctl
