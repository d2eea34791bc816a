// Directories of the store that cannot be read while its sessions are listed.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>

namespace sessctl {

/// The sessions of the other directories are listed all the same; the command says so at its end, in one line.
class UnreadParts {
 public:
  /// For sess::ListOptions::on_error; must not outlive this. Throws on what is no fault of that directory: too many
  /// open files, for example, would be said of all of them.
  std::function<void(const std::exception_ptr&)> callback();
  std::uint64_t count() const noexcept { return count_; }
  /// Throws what was wrong with the first, and with how many.
  void require_none() const;

 private:
  std::uint64_t count_ = 0;
  std::exception_ptr first_;
};

}  // namespace sessctl
