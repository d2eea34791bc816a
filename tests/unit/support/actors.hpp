// What the explorer's own tests let their actors do.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "support/fake_system.hpp"
#include "sys/system.hpp"

namespace sess::test {

inline constexpr int top = sys::working_directory;

/// Throws, which fails the order that is being run.
inline void require(bool condition, const char* message) {
  if (!condition) throw std::runtime_error(message);
}

/// A fake file system with one file.
inline std::shared_ptr<FakeSystem> fake_with(const char* path, const std::string& text) {
  auto fake = std::make_shared<FakeSystem>();
  fake->set_text(path, text);
  return fake;
}

/// Adds one to the number in `path`, with or without its lock.
inline void increment(sys::System& system, const char* path, bool with_lock) {
  const int descriptor = system.open(top, path, sys::OpenMode::read_write);
  require(descriptor >= 3, "cannot open");
  while (with_lock && system.try_lock(descriptor) != 0) system.pause(std::chrono::milliseconds(1));
  char digit = 0;
  require(system.read(descriptor, std::as_writable_bytes(std::span(&digit, 1)), 0) == 1, "cannot read");
  ++digit;
  require(system.write(descriptor, std::as_bytes(std::span(&digit, 1)), 0) == 1, "cannot write");
  require(system.close(descriptor) == 0, "cannot close");
}

}  // namespace sess::test
