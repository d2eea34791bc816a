#include "tmpfiles.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <fnmatch.h>

namespace sessctl {
namespace {

struct Line {
  char type;
  std::string pattern;
  bool has_age;
};

std::string without_last_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// Type Path Mode User Group Age Argument; fields may be missing from the end.
std::optional<Line> parse(const std::string& text) {
  std::vector<std::string> words = words_of(text);
  if (words.size() < 2 || words[0].starts_with('#')) return std::nullopt;
  std::string& path = words[1];
  if (path.size() > 1 && path.front() == '"' && path.back() == '"') path = path.substr(1, path.size() - 2);
  if (!path.starts_with('/') || path.find('%') != std::string::npos) return std::nullopt;
  return Line{words[0][0], without_last_slash(path), words.size() > 5 && words[5] != "-"};
}

/// How many characters of the path the pattern fits: the path, or a directory that it is in. 0: none.
std::size_t reach(const std::string& pattern, const std::string& path) {
  for (std::size_t end = path.size(); end != std::string::npos && end > 0; end = path.rfind('/', end - 1))
    if (::fnmatch(pattern.c_str(), path.substr(0, end).c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) return end;
  return 0;
}

}  // namespace

std::optional<Cleaning> cleaning_of(const std::string& path, const MachineFiles& files) {
  // The line for the longest part of the path counts: what has one of its own is left out when a directory above it is
  // cleaned.
  std::optional<Cleaning> found;
  std::size_t longest = 0;
  for (const std::string& file : files.pieces(
           {"/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d"}, ".conf")) {
    for (const std::string& text : lines_of(files.read(file).value_or(""))) {
      const auto line = parse(text);
      const std::size_t length = line ? reach(line->pattern, path) : 0;
      if (length == 0 || length < longest) continue;
      constexpr std::string_view cleaned_by_age = "dDevqQC";
      // r leaves a directory in which there is something.
      const bool removes = line->type == 'R' || line->type == 'D';
      const bool ages = cleaned_by_age.find(line->type) != std::string_view::npos && line->has_age;
      // X spares a directory and not what is in it: of a store everything but the empty directory goes.
      if (line->type == 'X') continue;
      // Of several lines for one path one that removes is enough.
      if (length == longest && found) continue;
      longest = length;
      found.reset();
      if (removes || ages) found = Cleaning{file, text, removes};
    }
  }
  return found;
}

}  // namespace sessctl
