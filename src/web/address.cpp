#include "web/address.hpp"

#include "web/text.hpp"

#include <algorithm>

namespace sess::web {

namespace {

/// Path, query with its "?", fragment with its "#".
struct Parts {
  std::string_view path;
  std::string_view query;
  std::string_view fragment;
};

Parts parts_of(std::string_view reference) {
  Parts parts;
  const auto fragment = std::min(reference.find('#'), reference.size());
  parts.fragment = reference.substr(fragment);
  reference = reference.substr(0, fragment);
  const auto query = std::min(reference.find('?'), reference.size());
  parts.query = reference.substr(query);
  parts.path = reference.substr(0, query);
  return parts;
}

}  // namespace

bool stays_on_host(std::string_view reference) {
  // Browsers drop tabs and line feeds, and spaces at the ends, and look then.
  if (detail::has_control(reference) || reference.find(' ') != std::string_view::npos) return false;
  const Parts parts = parts_of(reference);
  if (parts.path.find('\\') != std::string_view::npos || parts.path.starts_with("//")) return false;
  // A colon in the first segment ends a scheme: "javascript:", "mailto:".
  return parts.path.substr(0, parts.path.find('/')).find(':') == std::string_view::npos;
}

std::string without_parameter(std::string_view reference, std::string_view name) {
  const Parts parts = parts_of(reference);
  std::string kept;
  std::string_view rest = parts.query.substr(std::min<std::size_t>(1, parts.query.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (detail::percent_decoded(pair.substr(0, pair.find('='))) == name) continue;
    kept.append(kept.empty() ? "?" : "&").append(pair);
  }
  return std::string(parts.path).append(kept).append(parts.fragment);
}

std::string with_parameter(std::string_view reference, std::string_view first, std::string_view next) {
  const Parts parts = parts_of(reference);
  const bool has_query = parts.query.size() > 1;
  return std::string(parts.path)
      .append(has_query ? parts.query : std::string_view())
      .append(has_query ? next : first)
      .append(parts.fragment);
}

}  // namespace sess::web
