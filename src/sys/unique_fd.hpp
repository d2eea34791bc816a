// The only owner of a descriptor.
#pragma once

#include "sys/system.hpp"

#include <utility>

namespace sess::sys {

/// Closes its descriptor when it dies, through the interface that opened it (which must outlive it).
class UniqueFd {
 public:
  UniqueFd() = default;
  UniqueFd(System& system, int descriptor) noexcept : system_(&system), descriptor_(descriptor) {}
  UniqueFd(UniqueFd&& other) noexcept : system_(other.system_), descriptor_(std::exchange(other.descriptor_, closed)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      system_ = other.system_;
      descriptor_ = std::exchange(other.descriptor_, closed);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ != closed; }

  void reset() noexcept {
    // The answer of close tells nothing that could be acted on: what has to be on disk was synced before.
    if (descriptor_ != closed) system_->close(std::exchange(descriptor_, closed));
  }
  /// Gives the descriptor up without closing it.
  int release() noexcept { return std::exchange(descriptor_, closed); }

 private:
  static constexpr int closed = -1;
  System* system_ = nullptr;
  int descriptor_ = closed;
};

}  // namespace sess::sys
