// The calls of one schedule in the order in which they were made, in shared memory: a killed process leaves its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sess/session_id.hpp>
#include "support/system_call.hpp"

namespace sess::test {

struct LoggedCall {
  std::uint8_t actor = 0;
  Call call = Call::step;
  std::uint8_t note = 0;           // of a rename or an open: its mode
  std::int32_t result = 0;         // what differs between two runs (a descriptor) is 0 here
  std::array<char, 80> path{};     // cut if it is longer
  std::array<char, 80> to_path{};  // rename and link
};

class CallLog {
 public:
  static constexpr std::size_t most_calls = 12'000;

  void clear() { count_ = 0; }
  std::size_t size() const { return count_; }
  bool full() const { return count_ == most_calls; }
  LoggedCall& add(std::size_t actor, Call call, std::string_view path, std::string_view to_path = {}, int note = 0);
  LoggedCall& last() { return calls_[count_ - 1]; }
  const LoggedCall& at(std::size_t index) const { return calls_[index]; }

 private:
  std::size_t count_ = 0;
  std::array<LoggedCall, most_calls> calls_;
};

/// "2: rename(A~ <-> A) = 0" for each call; the sessions are called A, B, ... in this order.
std::vector<std::string> lines_of(const CallLog& log, const std::vector<SessionKey>& sessions);

}  // namespace sess::test
