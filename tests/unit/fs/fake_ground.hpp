// A directory in memory, for the tests of layer L1.
#pragma once

#include "fs/directory.hpp"
#include "support/fake_system.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {

inline std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

inline std::string text(std::span<const std::byte> content) {
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

/// The root directory of a fake system, open.
struct FakeGround {
  explicit FakeGround(FakeOptions options = {}) : system(options), directory(fs::Directory::open(system, "/")) {}

  /// "t0", "t1", ...: the names of temp files, in order.
  std::function<std::string()> temporary_names() {
    return [count = std::make_shared<int>(0)] { return "t" + std::to_string((*count)++); };
  }
  /// Locks a file as another program would: nothing is announced. Unlock by closing.
  int lock_elsewhere(const char* name) {
    const int descriptor = system.open(sys::working_directory, name, sys::OpenMode::read_write);
    if (descriptor >= 0) system.try_lock(descriptor);
    return descriptor;
  }
  std::vector<std::string> names() const { return system.names_below(); }
  std::uint64_t inode(std::string_view path) const { return system.look(path).identity.inode; }

  FakeSystem system;
  fs::Directory directory;
};

}  // namespace sess::test
