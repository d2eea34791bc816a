#include "support/event_overflow.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

namespace sess::test {

unsigned most_queued_events() {
  std::ifstream file("/proc/sys/fs/inotify/max_queued_events");
  unsigned most = 0;
  file >> most;
  REQUIRE(most > 0);
  if (most <= 100'000) return most;
  MESSAGE("SKIPPED: this kernel keeps " << most << " events");
  return 0;
}

void overflow_events(const std::string& directory, unsigned most) {
  const std::string one = directory + "/x0";
  const std::string other = directory + "/x2";
  std::ofstream(one).close();
  // Two of the same in a row would be one.
  for (unsigned i = 0; i <= most / 4 + 1; ++i) {
    std::filesystem::rename(one, other);
    std::filesystem::rename(other, one);
  }
}

}  // namespace sess::test
