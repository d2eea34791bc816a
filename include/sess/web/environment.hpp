// Where the facts of a request come from: a CGI program's environment, FastCGI parameters, or any other framework.
#pragma once

#include <sess/export.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sess::web {

/// The meta-variables of CGI (RFC 3875, section 4.1) by name: "REQUEST_METHOD", "HTTP_COOKIE", ... Every way to run a
/// handler provides one. Answers nothing for a variable that is not set. Not called after the request is over.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// Names and values in the order in which they were sent.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// An environment of one's own: for tests, and for a server that speaks no CGI.
SESS_API Environment environment_of(std::map<std::string, std::string> variables);

/// "NAME=value" texts up to a null pointer: environ(7), and the envp of an FCGX_Request. They outlive the environment
/// and do not change meanwhile. Null: an empty one.
SESS_API Environment environment_of_block(const char* const* variables);

/// A request as any other framework has it.
struct PlainRequest {
  std::string method = "GET";
  /// As the client sent it: a path and a query, not decoded; or a whole address, of which scheme and host are ignored.
  std::string target = "/";
  /// As they came. Several of one name are joined (RFC 9110, section 5.3; Cookie: RFC 9113, section 8.2.3). Skipped are
  /// names that are no token, and names with "_": in CGI's names they are the same as others with "-", and a client
  /// could pass off one for the other.
  Parameters headers = {};
  std::string remote_address = {};
  bool secure = false;  // it came over HTTPS, as far as this server knows
  /// The beginning of the path that is the program's own address, if any; begins with "/".
  std::string script = {};
};

SESS_API Environment environment_of_request(const PlainRequest& request);

}  // namespace sess::web
