#include <sess/web/runner.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

namespace sess::cgi {

namespace {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): a CGI program has one request
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace

int run(const Store& store, Handler handler, RunOptions options, const Channels& channels) {
  std::istream& input = channels.input != nullptr ? *channels.input : std::cin;
  std::ostream& output = channels.output != nullptr ? *channels.output : std::cout;
  const web::Runner runner(store, std::move(handler), std::move(options));
  const std::string answer =
      runner.run(channels.environment ? channels.environment : web::Environment(process_environment),
                 [&input](char* buffer, std::size_t size) {
                   input.read(buffer, static_cast<std::streamsize>(size));
                   return static_cast<std::size_t>(input.gcount());
                 });
  output << answer << std::flush;
  return output ? 0 : 1;
}

}  // namespace sess::cgi
