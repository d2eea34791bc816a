#include "failure.hpp"

#include "escape.hpp"

#include <fmt/format.h>

namespace sessctl {
namespace {

std::string line(std::string_view operation, std::string_view thing, std::string_view cause, std::string_view advice) {
  const std::string subject = thing.empty() ? std::string() : " " + quoted(thing);
  return fmt::format("{}{}: {}; {}", operation, subject, cause, advice);
}

}  // namespace

Failure::Failure(ExitCode code, std::string_view operation, std::string_view thing, std::string_view cause,
                 std::string_view advice)
    : std::runtime_error(line(operation, thing, cause, advice)), code_(code) {}

Failure::Failure(ExitCode code, std::string_view what, std::string_view advice)
    : std::runtime_error(with_advice(what, advice)), code_(code) {}

Failure::~Failure() = default;

OutputClosed::OutputClosed() : std::runtime_error("write standard output: nobody reads it any more") {}

OutputClosed::~OutputClosed() = default;

std::string with_advice(std::string_view what, std::string_view advice) {
  // A ';' in the quoted thing is no advice.
  const std::size_t quote = what.rfind('"');
  if (what.find("; ", quote == what.npos ? 0 : quote) != what.npos) return std::string(what);
  return fmt::format("{}; {}", what, advice);
}

}  // namespace sessctl
