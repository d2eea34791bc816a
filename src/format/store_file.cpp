#include "format/store_file.hpp"

#include <fmt/format.h>

#include <sstream>

namespace sess::format {

std::string to_text(const StoreFile& file) {
  return fmt::format("libsess store\nformat {}\nshards {}\nexchange {:d}\nno_replace {:d}\ndevice {}\n", file.format,
                     file.shards, file.exchange, file.no_replace, file.device);
}

std::optional<StoreFile> parse_store_file(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::string line;
  if (!std::getline(lines, line) || line != "libsess store") return std::nullopt;
  StoreFile file;
  bool format_seen = false;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string name;
    std::uint64_t number = 0;
    if (!(words >> name >> number)) return std::nullopt;
    if (name == "format") {
      file.format = static_cast<std::uint32_t>(number);
      format_seen = true;
    } else if (name == "shards") {
      file.shards = static_cast<std::uint32_t>(number);
    } else if (name == "exchange") {
      file.exchange = number != 0;
    } else if (name == "no_replace") {
      file.no_replace = number != 0;
    } else if (name == "device") {
      file.device = number;
    }
  }
  if (!format_seen) return std::nullopt;
  return file;
}

}  // namespace sess::format
