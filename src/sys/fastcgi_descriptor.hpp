// The UniqueFd of libsess-fcgi, which is a library of its own and cannot reach the System that UniqueFd closes by.
#pragma once

#include <utility>

namespace sess::sys {

class FastcgiDescriptor {
 public:
  FastcgiDescriptor() = default;
  explicit FastcgiDescriptor(int descriptor) noexcept : descriptor_(descriptor) {}
  FastcgiDescriptor(FastcgiDescriptor&& other) noexcept : descriptor_(other.release()) {}
  FastcgiDescriptor& operator=(FastcgiDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      descriptor_ = other.release();
    }
    return *this;
  }
  FastcgiDescriptor(const FastcgiDescriptor&) = delete;
  FastcgiDescriptor& operator=(const FastcgiDescriptor&) = delete;
  ~FastcgiDescriptor() { reset(); }

  int get() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  void reset() noexcept;
  /// Gives the descriptor up without closing it.
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_ = -1;
};

}  // namespace sess::sys
