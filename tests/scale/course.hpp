// sessctl over a store with a great many sessions: what each command took, beside what it answered.
#pragma once

#include "cli/sessctl_program.hpp"
#include "support/temporary_directory.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace scale {

struct Cost {
  std::chrono::milliseconds duration{0};
  std::uint64_t peak = 0;  // resident memory, in bytes
};

/// Runs commands on the stores of one directory, none with more than 64 descriptors, and keeps what each has cost.
class Course {
 public:
  /// Below a directory of the file system that is meant.
  explicit Course(const std::string& below) : directory_(below) {}

  std::string path(const std::string& name) const { return directory_ / name; }
  /// A new store with the keyring of another one, if one is named. Answers its path.
  std::string make_store(const std::string& name, const std::string& keyring_of = {}) const;
  /// Fails the test unless it ends with 0. The cost is kept under the name.
  cli::Finished run(const std::string& name, const std::string& store, std::vector<std::string> arguments);
  /// The same, unless it ends with one of these codes.
  cli::Finished run(const std::string& name, const std::string& store, std::vector<std::string> arguments,
                    const std::vector<int>& codes, int output = -1);
  /// Of a command that prints one line of JSON, and no words on standard error.
  nlohmann::json answer(const std::string& name, const std::string& store, std::vector<std::string> arguments);
  /// The same, into a file, which answers its path: what is printed for each session is not kept in memory.
  std::string print(const std::string& name, const std::string& store, std::vector<std::string> arguments);

  /// By the names of the commands, in their order.
  const std::vector<std::pair<std::string, Cost>>& costs() const noexcept { return costs_; }

 private:
  sess::test::TemporaryDirectory directory_;
  std::vector<std::pair<std::string, Cost>> costs_;
};

enum class Lines : std::uint8_t { in_order, in_any_order };

/// How many lines of a listing or an export are about a session. Fails the test where they are to be in the order of
/// the keys and are not, or one is there twice.
std::uint64_t sessions_in(const std::string& file, Lines lines = Lines::in_order);

/// Of two files; without reading either whole.
bool are_equal(const std::string& left, const std::string& right);

}  // namespace scale
