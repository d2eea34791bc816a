// The places where the contract of a store is tested: the real file system and the fake one, with and without what a
// commit would like to have.
#pragma once

#include "sys/system.hpp"

#include <sess/store.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sess::test {

/// One store, its clock and its files.
class StoreWorld {
 public:
  StoreWorld() = default;
  StoreWorld(const StoreWorld&) = delete;
  StoreWorld& operator=(const StoreWorld&) = delete;
  virtual ~StoreWorld() = default;

  /// Another handle on the same store, which is made by the first call.
  virtual Store open(StoreOptions options = {}) = 0;
  /// Moves the wall clock that the store sees.
  virtual void advance(std::chrono::milliseconds duration) = 0;
  /// The files below shards/, relative to it, in order.
  virtual std::vector<std::string> session_files() = 0;
  virtual std::vector<std::string> quarantined_files() = 0;
  /// The bytes of a file below shards/; its times stay as they are when it is overwritten.
  virtual std::vector<std::byte> content(const std::string& file) = 0;
  virtual void overwrite(const std::string& file, std::span<const std::byte> content) = 0;
};

/// Runs the test once in each world, as a subcase with the world's name.
void in_each_world(const std::function<void(StoreWorld&)>& test);

/// A committed, released session with these values.
SessionId make_session(const Store& store, const Values& values, const CreateOptions& options = {});

/// "ab/ab...": where a session's record is below shards/.
std::string record_file(const SessionKey& key);
std::string spare_file(const SessionKey& key);

}  // namespace sess::test
