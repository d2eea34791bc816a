#include "store_list.hpp"

#include "failure.hpp"
#include "input_lines.hpp"

#include <climits>
#include <optional>

#include <fmt/format.h>

namespace sessctl {

std::vector<std::string> read_store_list(const std::string& file, const std::function<void(const Failure&)>& on_wrong) {
  InputLines lines(file, PATH_MAX);
  std::vector<std::string> directories;
  const auto next = [&]() -> std::optional<std::string> {
    try {
      return lines.next();
    } catch (const Failure& failure) {
      on_wrong(failure);
      return std::nullopt;
    }
  };
  while (const auto line = next()) {
    const bool is_path = line->starts_with('/') && line->find('\0') == std::string::npos && !lines.is_too_long();
    if (is_path) {
      directories.push_back(*line);
    } else if (lines.is_too_long() || !(line->empty() || line->starts_with('#'))) {
      on_wrong(Failure(ExitCode::config, "read list of stores", file,
                       fmt::format("line {} is no full path of a directory", lines.number()),
                       "begin it with '/', or with '#' if it is a comment"));
    }
  }
  return directories;
}

}  // namespace sessctl
