#include "course.hpp"

#include "support/power_cut.hpp"
#include "support/temporary_directory.hpp"

#include <exception>
#include <stdexcept>

namespace sess::test {

void expect(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

std::vector<SessionKey> live_sessions(const Store& store) {
  std::vector<SessionKey> keys;
  store.list([&](const SessionEntry& entry) {
    keys.push_back(entry.key);
    return true;
  });
  std::erase_if(keys, [&](const SessionKey& key) { return store.snapshot(key).outcome() != Outcome::ok; });
  return keys;
}

void CourseCounts::judge_disks(std::uint64_t call, const FakeSystem& system,
                               const std::function<void(const DiskImage&)>& judge) {
  ++cuts;
  system.power_cut_states({.limit = long_run() ? 20'000U : 100U, .seed = call}, [&](const DiskImage& image) {
    ++disks;
    try {
      judge(image);
    } catch (const std::exception& error) {
      ++wrong;
      if (first.empty()) first = "before call " + std::to_string(call) + ", " + image.description + ": " + error.what();
    }
  });
}

}  // namespace sess::test
