// A store in a file system in memory, for tests that look at its files or break its calls.
#pragma once

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sess::test {

struct FakeStore {
  static constexpr const char* path = "/srv/store";
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store;

  explicit FakeStore(StoreOptions options = {})
      : store([&] {
          options.create = true;
          return open_store(system, path, options);
        }()) {}

  /// The path of a file or directory of the store; of the store itself for an empty name.
  static std::string in_store(const std::string& name) { return name.empty() ? path : std::string(path) + "/" + name; }
  static std::string record(const SessionKey& key) { return in_store("shards/" + record_file(key)); }
  static std::string spare(const SessionKey& key) { return in_store("shards/" + spare_file(key)); }
  /// The paths of all files below a directory of the store, in order; directories are left out.
  std::vector<std::string> files_in(const std::string& directory) const {
    std::vector<std::string> files;
    const std::string start = in_store(directory);
    for (const std::string& name : system->names_below(start))
      if (name.back() != '/') files.push_back(start + "/" + name);
    return files;
  }
};

}  // namespace sess::test
