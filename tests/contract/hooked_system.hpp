// A system that lets a test in between the calls of an operation.
#pragma once

#include "support/forwarding_system.hpp"

#include <functional>
#include <utility>

namespace sess::test {

/// Calls back before some calls.
struct HookedSystem final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int status(int descriptor, sys::FileStatus& status) override {
    if (const auto hook = std::exchange(before_status, nullptr)) hook();
    return ForwardingSystem::status(descriptor, status);
  }
  int status_at(int directory, const char* name, sys::FileStatus& status) override {
    if (const auto hook = std::exchange(before_status_at, nullptr)) hook();
    return ForwardingSystem::status_at(directory, name, status);
  }
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override {
    if (const auto hook = std::exchange(instead_of_rename, nullptr)) return hook();
    return ForwardingSystem::rename(directory, from, to_directory, to, mode);
  }
  int file_system(int descriptor, sys::FileSystem& found) override {
    if (before_file_system) before_file_system();
    return ForwardingSystem::file_system(descriptor, found);
  }
  std::function<void()> before_file_system;
  std::function<void()> before_status;     // once
  std::function<void()> before_status_at;  // once
  std::function<int()> instead_of_rename;  // once
};

}  // namespace sess::test
