#include <sess/web/environment.hpp>

#include "web/text.hpp"

#include <cstring>
#include <string_view>
#include <utility>

namespace sess::web {

namespace {

/// The name that CGI gives a header (RFC 3875, section 4.1.18); empty for one that must not come in.
std::string variable_of(std::string_view header) {
  if (!detail::is_token(header) || header.find('_') != std::string_view::npos) return {};
  return detail::variable_of_header(header);
}

/// Path and query of a request target, without scheme and host (RFC 9112, section 3.2).
std::string_view own_part(std::string_view target) {
  const auto scheme = target.find("://");
  if (scheme == std::string_view::npos || target.find_first_of("/?") < scheme) return target;
  const auto path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

}  // namespace

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

Environment environment_of_block(const char* const* variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    for (const char* const* at = variables; at != nullptr && *at != nullptr; ++at)
      if (std::strncmp(*at, name.c_str(), name.size()) == 0 && (*at)[name.size()] == '=')
        return std::string(*at + name.size() + 1);
    return std::nullopt;
  };
}

Environment environment_of_request(const PlainRequest& request) {
  std::map<std::string, std::string> variables{{"REQUEST_METHOD", request.method}};
  std::string address(own_part(request.target));
  address.resize(std::min(address.size(), address.find('#')));
  const auto query = address.find('?');
  const std::string path = address.substr(0, query);
  if (query != std::string::npos) variables["QUERY_STRING"] = address.substr(query + 1);
  std::string below = path;
  if (!request.script.empty() && path.starts_with(request.script)) {
    const std::string rest = path.substr(request.script.size());
    if (rest.empty() || rest.front() == '/' || request.script.back() == '/') {
      variables["SCRIPT_NAME"] = request.script;
      below = rest;
    }
  }
  variables["PATH_INFO"] = detail::percent_decoded(below);
  variables["REQUEST_URI"] = std::move(address);
  if (!request.remote_address.empty()) variables["REMOTE_ADDR"] = request.remote_address;
  if (request.secure) variables["HTTPS"] = "on";
  for (const auto& [name, value] : request.headers) {
    const std::string variable = variable_of(name);
    if (variable.empty()) continue;
    const auto [at, is_new] = variables.emplace(variable, value);
    if (!is_new) at->second += (variable == "HTTP_COOKIE" ? "; " : ", ") + value;
  }
  return environment_of(std::move(variables));
}

}  // namespace sess::web
