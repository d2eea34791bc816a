#include "format/store_file.hpp"

#include "format/text.hpp"

#include <fmt/format.h>

namespace sess::format {

namespace {

template <class Number>
bool read(std::string_view text, Number& number) {
  return parse_number(text, number);
}

bool read(std::string_view text, bool& flag) {
  unsigned number = 0;
  if (!read(text, number)) return false;
  flag = number != 0;
  return true;
}

}  // namespace

std::string to_text(const StoreFile& file) {
  return fmt::format(
      "libsess store\nformat {}\nshards {}\nexchange {:d}\nno_replace {:d}\nnanoseconds {:d}\nfile_system {}\n{}",
      file.format, file.shards, file.exchange, file.no_replace, file.nanoseconds, file.file_system, file.other_lines);
}

std::optional<StoreFile> parse_store_file(std::string_view text) {
  if (cut(text, '\n') != "libsess store") return std::nullopt;
  StoreFile file;
  file.format = 0;
  while (!text.empty()) {
    const std::string_view whole_line = cut(text, '\n');
    std::string_view line = whole_line;
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
    } else if (name == "nanoseconds") {
      good = read(line, file.nanoseconds);
    } else if (name == "file_system") {
      file.file_system = line;
    } else {
      file.other_lines.append(whole_line).push_back('\n');
    }
    if (!good) return std::nullopt;
  }
  if (file.format == 0) return std::nullopt;  // no line says it
  return file;
}

}  // namespace sess::format
