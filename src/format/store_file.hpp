// The file "store", which makes a directory a store (src/FORMAT.md, "store").
#pragma once

#include "format/header.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sess::format {

struct StoreFile {
  std::uint32_t format = newest_format;  // version of the records that programs are to write; may be newer than ours
  std::uint32_t shards = 256;
  bool exchange = true;          // probed: the file system exchanges two names
  bool no_replace = true;        // probed: it refuses to rename over a name when asked to
  bool nanoseconds = true;       // probed: it keeps modification times to the nanosecond
  std::string file_system = {};  // that was probed: "TYPE:ID"; empty: not known
  std::string other_lines = {};  // those that this program does not know, each with its line feed
  friend bool operator==(const StoreFile&, const StoreFile&) = default;
};

std::string to_text(const StoreFile& file);
/// Nothing for text that is no store file. Lines that this program does not know are kept as they are.
std::optional<StoreFile> parse_store_file(std::string_view text);

}  // namespace sess::format
