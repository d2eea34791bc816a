// Which calls of a fake system fail, and a log of all of them.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/system_call.hpp"

namespace sess::test {

enum class Repeat : std::uint8_t { once, for_good };

/// Makes the `nth` matching call, counted from the moment when the fault is planted, answer -error.
struct Fault {
  std::optional<Call> call;  // empty: any call that can fail
  std::uint64_t nth = 1;
  int error = EIO;
  Repeat repeat = Repeat::once;
  std::string path;       // if not empty, only calls whose logged path contains this count
  bool executed = false;  // the call takes effect and answers the error nevertheless (not for open, which then fails)
};

/// Makes the `nth` matching read or write transfer at most `bytes` bytes.
struct ShortTransfer {
  Call call = Call::write;
  std::uint64_t nth = 1;
  std::uint64_t bytes = 0;
  Repeat repeat = Repeat::once;
};

struct LoggedCall {
  Call call = Call::step;
  std::string path;
  std::int64_t result = 0;
  friend bool operator==(const LoggedCall&, const LoggedCall&) = default;
};
/// "open(shards/00/ab) = 5"
std::string to_string(const LoggedCall& call);

class FaultPlan {
 public:
  void add(Fault fault) { faults_.push_back({std::move(fault), 0}); }
  void add(ShortTransfer transfer) { transfers_.push_back({transfer, 0}); }
  void clear();

  struct Verdict {
    int error = 0;  // > 0: answer its negation
    bool executed = true;
  };
  /// Counts the call and says what becomes of it.
  Verdict verdict(Call call, const std::string& path);
  /// How many bytes of `wanted` a read or write transfers; asked once for each that is executed.
  std::uint64_t allowed(Call call, std::uint64_t wanted);

 private:
  template <typename Rule>
  struct Planted {
    Rule rule;
    std::uint64_t seen;
  };
  std::vector<Planted<Fault>> faults_;
  std::vector<Planted<ShortTransfer>> transfers_;
};

}  // namespace sess::test
