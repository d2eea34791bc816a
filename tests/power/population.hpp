// The sessions that all workers work on, in memory that they share.
#pragma once

#include <sess/session_id.hpp>

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>

namespace sess::test::power {

struct Population {
  static constexpr std::size_t places = 240;  // sessions that live at once, about
  static constexpr std::uint32_t most_sessions = 1'000'000;
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  std::array<std::atomic<std::uint32_t>, places> live = {};  // number of the session at a place; 0: none
  std::atomic<std::uint32_t> last_session = 0;
  std::atomic<std::uint64_t> operations = 0;
  std::atomic<std::uint64_t> mark = never;  // after so many operations the worker that gets there says so
  std::atomic<bool> stop = false;
  std::array<SessionKey::Bytes, most_sessions> keys = {};  // by number; written before a place names it
};

/// For this process and all that it forks.
inline Population& make_population() {
  void* memory = ::mmap(nullptr, sizeof(Population), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap of the sessions");
  return *new (memory) Population;
}

}  // namespace sess::test::power
