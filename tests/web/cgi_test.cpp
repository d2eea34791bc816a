// sess::cgi::run through streams.
#include <sess/web/runner.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "web/site.hpp"

namespace sess::test {
namespace {

void greet(web::Request& request, web::Response& response) {
  request.session().add("visits", 1);
  response << request.method() << ' ' << request.path() << ' ' << request.form("name").value_or("nobody");
}

TEST_CASE("a CGI program reads its request from the environment and standard input, and answers on standard output") {
  Site site;
  std::istringstream input("name=ann&rest of what is not the body's");
  std::ostringstream output;
  const int status =
      cgi::run(site.store(), greet, run_options(),
               {.input = &input,
                .output = &output,
                .environment = web::environment_of({{"REQUEST_METHOD", "POST"},
                                                    {"PATH_INFO", "/hello"},
                                                    {"CONTENT_TYPE", "application/x-www-form-urlencoded"},
                                                    {"CONTENT_LENGTH", "8"}})});
  CHECK(status == 0);
  const std::string answer = output.str();
  CHECK(answer.starts_with("Status: 200 OK\r\n"));
  CHECK(answer.ends_with("\r\n\r\nPOST /hello ann"));
  CHECK(answer.find("Set-Cookie: sid=") != std::string::npos);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("an answer that cannot be written is the exit status 1, and the session is committed all the same") {
  Site site;
  std::istringstream input;
  std::ostringstream output;
  output.setstate(std::ios::badbit);
  CHECK(cgi::run(site.store(), greet, run_options(),
                 {.input = &input, .output = &output, .environment = web::environment_of({})}) == 1);
  CHECK(site.sessions().size() == 1);
}

TEST_CASE("without channels of its own a CGI program uses the process's environment") {
  Site site;
  std::istringstream input;
  std::ostringstream output;
  REQUIRE(::setenv("PATH_INFO", "/from-the-process", 1) == 0);
  CHECK(cgi::run(site.store(), greet, run_options(), {.input = &input, .output = &output}) == 0);
  ::unsetenv("PATH_INFO");
  CHECK(output.str().ends_with("GET /from-the-process nobody"));
}

TEST_CASE("a program that ends within its handler has written nothing, locked nothing and answered nothing") {
  Site site;
  Browser browser;
  REQUIRE(site.visit(browser, [](web::RequestSession& session) { session.editor().set("n", 1); }).ok());
  for (const web::Mode mode : {web::Mode::merge, web::Mode::locked}) {
    const std::string output = site.path() + ".output";
    Child child([&] {
      std::istringstream input;
      std::ofstream file(output);
      web::RunOptions options = run_options();
      options.access = [mode](const web::HttpRequest&) { return web::Access{.mode = mode}; };
      cgi::run(
          site.store(),
          [](web::Request& request, web::Response& response) {
            request.session().set("n", 2);
            request.authenticate("ann");
            response << "half an answer";
            std::_Exit(7);
          },
          options,
          {.input = &input, .output = &file, .environment = web::environment_of({{"HTTP_COOKIE", browser.header()}})});
    });
    CHECK(child.wait() == 7);
    CHECK(std::filesystem::file_size(output) == 0);
    CHECK(site.session(browser)->get<int>("n") == 1);
    CHECK(site.sessions().size() == 1);
    CHECK(site.store().lock(*site.store().parse(browser.value("sid")), {.timeout = std::chrono::milliseconds(0)}));
  }
}

}  // namespace
}  // namespace sess::test
