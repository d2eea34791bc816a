// What the load can do wrong on purpose, so that the verifier can show that it would notice.
#pragma once

#include "support/forwarding_system.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace sess::test::power {

enum class Breakage : std::uint8_t {
  none,
  no_sync,            // every sync answers 0 and does nothing
  no_data_sync,       // only those of files
  no_directory_sync,  // only those of directories
  mixed,              // some versions hold the text of another one
};

inline std::optional<Breakage> breakage_named(std::string_view name) {
  if (name == "none") return Breakage::none;
  if (name == "no-sync") return Breakage::no_sync;
  if (name == "no-data-sync") return Breakage::no_data_sync;
  if (name == "no-directory-sync") return Breakage::no_directory_sync;
  if (name == "mixed") return Breakage::mixed;
  return std::nullopt;
}

/// The library syncs files with sync_data, directories with sync, and on some file systems the removal of names with
/// sync_file_system, which syncs the data of all files too.
class LyingSystem : public ForwardingSystem {
 public:
  LyingSystem(std::shared_ptr<sys::System> inner, Breakage breakage)
      : ForwardingSystem(std::move(inner)),
        data_(breakage != Breakage::no_sync && breakage != Breakage::no_data_sync),
        directories_(breakage != Breakage::no_sync && breakage != Breakage::no_directory_sync) {}

  int sync_data(int descriptor) override { return data_ ? ForwardingSystem::sync_data(descriptor) : 0; }
  int sync(int descriptor) override { return directories_ ? ForwardingSystem::sync(descriptor) : 0; }
  int sync_file_system(int descriptor) override {
    return data_ && directories_ ? ForwardingSystem::sync_file_system(descriptor) : sync(descriptor);
  }

 private:
  bool data_;
  bool directories_;
};

}  // namespace sess::test::power
