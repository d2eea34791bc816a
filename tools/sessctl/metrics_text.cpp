#include "metrics_text.hpp"

#include "escape.hpp"

namespace sessctl {
namespace {

/// A label's value: UTF-8, as the format wants it, without controls, because people look at it in terminals too;
/// backslash, double quote and line feed escaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : without_controls_but_lines(text)) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

MetricsText::MetricsText(std::string_view path) : store_(fmt::format("store=\"{}\"", escaped(path))) {}

}  // namespace sessctl
