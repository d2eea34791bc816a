#include "unread_parts.hpp"

#include "failure.hpp"
#include "report.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sessctl {

std::function<void(const std::exception_ptr&)> UnreadParts::callback() {
  return [this](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const sess::IoError& failure) {
      constexpr std::array of_process{EMFILE, ENFILE, ENOMEM};
      if (std::ranges::find(of_process, failure.error_number()) != of_process.end()) throw;
    }
    if (count_++ == 0) first_ = error;
  };
}

void UnreadParts::require_none() const {
  if (count_ == 0) return;
  try {
    std::rethrow_exception(first_);
  } catch (const sess::IoError& error) {
    if (count_ == 1) throw;
    throw Failure(exit_code_of(error.error_number()),
                  fmt::format("{} directories of the store cannot be read, first: {}", count_, error.what()),
                  advice_on(error));
  }
}

}  // namespace sessctl
