// Thousands of hostile requests: whatever comes, the answer is well formed, nobody is let in, nothing is lost.
#include <doctest/doctest.h>
#include <sess/error.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "web/hostile_requests.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Request;
using web::Response;
using web::Runner;
using web::RunOptions;

constexpr std::uint64_t seed = 20'240'117;

std::vector<std::string> lines_of(const std::string& head) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= head.size();) {
    const auto end = std::min(head.find("\r\n", at), head.size());
    lines.push_back(head.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

bool is_clean(const std::string& line) {
  return std::ranges::all_of(line, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

/// What is wrong with an answer as a server reads it (RFC 3875, section 6); empty: nothing.
std::string flaw_in(const std::string& answer, bool head_only, const Store& store) {
  const auto end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return "no empty line";
  std::string length;
  int statuses = 0;
  for (const std::string& line : lines_of(answer.substr(0, end))) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos || !is_clean(line)) return "a line that is no header: " + line;
    const std::string name = line.substr(0, colon);
    const std::string value = line.substr(colon + 2);
    if (name == "Status") ++statuses;
    if (name == "Content-Length") length = value;
    if (name == "Location" && (!value.starts_with('/') || value.starts_with("//") || value.starts_with("/\\")))
      return "sent elsewhere: " + value;
    if (name == "Set-Cookie") {
      const auto equals = value.find('=');
      const std::string cookie = value.substr(0, equals);
      const std::string text = value.substr(equals + 1, value.find(';') - equals - 1);
      const bool is_id = cookie == "sid" || cookie == "sid-auth";
      if (!is_id && cookie != "sid-again") return "a cookie of another name: " + value;
      if (is_id && !text.empty() && !store.parse(text)) return "an ID that was not issued: " + value;
      if (!is_id && text.size() > 1) return "a count that is none: " + value;
    }
  }
  if (statuses != 1) return "not one status";
  if (!head_only && !length.empty() && length != std::to_string(answer.size() - end - 4)) return "another length";
  return {};
}

/// A site with a user who is logged in and a visitor who is not.
struct Target {
  Site site;
  Browser user;
  Browser visitor;
  std::vector<std::string> known;

  Target() {
    REQUIRE(site.visit(user,
                       [](web::RequestSession& session) {
                         session.editor().set("secret", "of the user");
                         session.authenticate("ann");
                       })
                .ok());
    REQUIRE(site.visit(visitor, [](web::RequestSession& session) { session.editor().set("n", 0); }).ok());
    Browser gone;
    REQUIRE(site.visit(gone, [](web::RequestSession& session) { session.editor().set("n", 0); }).ok());
    known = {"sid",
             "sid-auth",
             "sid-again",
             "__Host-sid",
             "s",
             user.value("sid-auth"),
             visitor.value("sid"),
             gone.value("sid"),
             "3"};
    REQUIRE(site.visit(gone, [](web::RequestSession& session) { session.logout(); }).ok());
  }
  bool is_unharmed() {
    return site.session(user, "sid-auth")->get<std::string>("secret") == "of the user" && site.session(visitor);
  }
};

RunOptions quiet() {
  RunOptions options = run_options();
  options.on_error = [](const std::exception_ptr&) {};
  options.cookies.address_parameter = std::string("s");
  return options;
}

TEST_CASE("thousands of hostile cookie headers let nobody in, and write nothing") {
  Target target;
  HostileRequests requests(seed, target.known);
  const std::string user = target.user.value("sid-auth");
  std::string who;
  const Runner runner(
      target.site.store(),
      [&](Request& request, Response& response) {
        who = request.principal().value_or("");
        response << request.session().get<int>("n").value_or(-1);
      },
      quiet());
  const std::size_t sessions = target.site.sessions().size();
  std::uint64_t flaws = 0;
  std::uint64_t logged_in = 0;
  const int count = long_run() ? 500'000 : 20'000;
  for (int i = 0; i < count; ++i) {
    const std::string header = requests.cookie_header();
    who.clear();
    const std::string answer = runner.run(web::environment_of({{"HTTP_COOKIE", header}}), body_of(""));
    const std::string flaw = flaw_in(answer, false, target.site.store());
    const bool has_id = header.find(user) != std::string::npos;
    if (flaw.empty() && answer.starts_with("Status: 200 ") && (who.empty() || has_id)) {
      logged_in += who.empty() ? 0 : 1;
      continue;
    }
    if (++flaws <= 5) {
      MESSAGE("header ", i, " of the user ", user, ": ", flaw, " ", answer.substr(0, 60), " to ",
              header.substr(0, 2000));
    }
  }
  MESSAGE(count, " headers from seed ", seed, ", ", logged_in, " with the user's own cookie");
  CHECK(flaws == 0);
  CHECK(logged_in > 100);  // or they would all be too bent to come anywhere
  CHECK(target.site.sessions().size() == sessions);
  CHECK(target.is_unharmed());
}

TEST_CASE("thousands of hostile environments are answered, and nothing of them reaches a header as it is") {
  Target target;
  HostileRequests requests(seed + 1, target.known);
  const std::string user = target.user.value("sid-auth");
  std::uint64_t let_in = 0;
  std::uint64_t refused_headers = 0;
  std::string cookies;
  const Runner runner(
      target.site.store(),
      [&](Request& request, Response& response) {
        if (request.principal() && cookies.find(user) == std::string::npos) ++let_in;
        // As careless as a handler can be: what the client sent goes into headers, links and the session.
        for (const std::string& value :
             {request.query("x").value_or(""), request.method(), request.path(), request.script(), request.address(),
              request.header("Host").value_or(""), request.remote_address()}) {
          try {
            response.header("X-Echo", value);
            response.add_header(value, "name");
          } catch (const UsageError&) {
            ++refused_headers;
          }
        }
        try {
          response.redirect(request.address(), 302);
        } catch (const UsageError&) {
          ++refused_headers;
        }
        response << request.link(request.query("x").value_or("")) << request.csrf_field();
        if (!request.principal()) request.session().set("n", 1);
        static_cast<void>(request.check_csrf_token());
      },
      quiet());
  std::uint64_t flaws = 0;
  std::map<std::string, int> statuses;
  const int count = long_run() ? 500'000 : 20'000;
  for (int i = 0; i < count; ++i) {
    auto variables = requests.environment();
    cookies = variables["HTTP_COOKIE"];
    const bool head = variables["REQUEST_METHOD"] == "HEAD";
    const std::string answer = runner.run(web::environment_of(variables), body_of("a=b&csrf_token=x"));
    ++statuses[answer.substr(8, 3)];
    const std::string flaw = flaw_in(answer, head, target.site.store());
    if (flaw.empty()) continue;
    if (++flaws <= 5) MESSAGE("environment ", i, ": ", flaw);
  }
  for (const auto& [status, times] : statuses) MESSAGE(status, ": ", times);
  CHECK(flaws == 0);
  CHECK(let_in == 0);
  CHECK(refused_headers > 1000);
  CHECK(target.is_unharmed());
}

}  // namespace
}  // namespace sess::test
