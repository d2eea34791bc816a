// What all handles of one open store share.
#pragma once

#include "backend/events.hpp"
#include "backend/keys_file.hpp"
#include "backend/record_store.hpp"
#include "format/store_file.hpp"
#include "store/principals.hpp"
#include "sys/system.hpp"

#include <sess/store.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace sess {

class Store::Core {
 public:
  Core(std::shared_ptr<sys::System> system, const std::string& path, const StoreOptions& options);

  const StoreOptions& options() const noexcept { return options_; }
  const StoreFacts& facts() const noexcept { return facts_; }
  const backend::KeysFile& keys() const noexcept { return *keys_; }
  const backend::RecordStore& records() const noexcept { return *records_; }
  /// Opens the index, and rebuilds it where it is missing. Throws IoError. `timeout`: for locks of its lists; without a
  /// value the store's.
  Principals principals(std::optional<std::chrono::milliseconds> timeout = std::nullopt) const;
  sys::System& system() const noexcept { return *system_; }
  /// Null: nobody listens (backend::tell).
  const backend::Events* events() const noexcept { return events_.get(); }

 private:
  struct Parts;
  Core(std::shared_ptr<sys::System> system, StoreOptions options, Parts parts);

  std::shared_ptr<sys::System> system_;  // first: everything below uses it until it dies
  StoreOptions options_;
  StoreFacts facts_;
  std::shared_ptr<const backend::Events> events_;
  std::unique_ptr<backend::KeysFile> keys_;
  std::unique_ptr<backend::RecordStore> records_;
};

/// What the library's other parts may ask of a store beyond its public face.
class StoreAccess {
 public:
  static sys::System& system(const Store& store) { return store.core_->system(); }
  static const Store::Core& core(const Store& store) { return *store.core_; }
  /// Null: nobody listens.
  static const backend::Events* events(const Store& store) { return store.core_->events(); }
  /// Throws IoError if there is no chance to be had.
  static void random(const Store& store, std::span<std::byte> buffer) { store.core_->records().random(buffer); }
};

/// Opens a store through any system interface; Store::open does it through the real one.
Store open_store(std::shared_ptr<sys::System> system, const std::string& path, const StoreOptions& options);

}  // namespace sess
