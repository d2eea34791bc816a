#include "format/store_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sess::format {

namespace {

/// Cuts the next word or line off the text.
std::string_view cut(std::string_view& text, char separator) {
  const std::string_view piece = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(piece.size() + 1, text.size()));
  return piece;
}

/// False unless the whole text is a number that fits.
template <class Number>
bool read(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

bool read(std::string_view text, bool& flag) {
  unsigned number = 0;
  if (!read(text, number)) return false;
  flag = number != 0;
  return true;
}

}  // namespace

std::string to_text(const StoreFile& file) {
  return fmt::format("libsess store\nformat {}\nshards {}\nexchange {:d}\nno_replace {:d}\ndevice {}\n", file.format,
                     file.shards, file.exchange, file.no_replace, file.device);
}

std::optional<StoreFile> parse_store_file(std::string_view text) {
  if (cut(text, '\n') != "libsess store") return std::nullopt;
  StoreFile file;
  file.format = 0;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    const std::string_view name = cut(line, ' ');
    bool good = true;
    if (name == "format") {
      good = read(line, file.format);
    } else if (name == "shards") {
      good = read(line, file.shards);
    } else if (name == "exchange") {
      good = read(line, file.exchange);
    } else if (name == "no_replace") {
      good = read(line, file.no_replace);
    } else if (name == "device") {
      good = read(line, file.device);
    }
    if (!good) return std::nullopt;
  }
  if (file.format == 0) return std::nullopt;  // no line says it
  return file;
}

}  // namespace sess::format
