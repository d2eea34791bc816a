#include "support/system_call.hpp"

#include <algorithm>
#include <array>

namespace sess::test {

std::string_view to_string(Call call) {
  static constexpr std::array<std::string_view, call_count> names = {
      "open",
      "close",
      "try_lock",
      "unlock",
      "try_lock_byte",
      "status",
      "status_at",
      "read",
      "write",
      "truncate",
      "sync_data",
      "start_writeback",
      "sync",
      "sync_file_system",
      "set_times",
      "rename",
      "link",
      "unlink",
      "make_directory",
      "make_directories",
      "set_mode",
      "file_system",
      "list",
      "random",
      "lock_holder",
      "wall_clock",
      "monotonic_clock",
      "pause",
      "user",
      "fork_count",
      "announce_lock",
      "withdraw_lock",
      "locked_by_this_thread",
      "process_generation",
      "step",
  };
  return names.at(static_cast<std::size_t>(call));
}

bool can_fail(Call call) { return call <= Call::random; }

bool is_read_only(Call call) {
  switch (call) {
    case Call::close:
    case Call::try_lock:
    case Call::unlock:
    case Call::try_lock_byte:
    case Call::open:  // only with create_exclusive, which the caller knows
    case Call::write:
    case Call::truncate:
    case Call::set_times:
    case Call::rename:
    case Call::link:
    case Call::unlink:
    case Call::make_directory:
    case Call::make_directories:
    case Call::set_mode:
      return false;
    default:
      return true;  // sync too: what is on the disk is seen after a power cut only
  }
}

std::string to_string(const PendingCall& call) {
  std::string text(to_string(call.call));
  if (call.call == Call::open && call.exclusive) text += "!";
  return text + "(" + call.path + ")";
}

bool disjoint(const Footprint& a, const Footprint& b) {
  return std::none_of(a.objects.begin(), a.objects.end(), [&b](const auto& mine) {
    return std::any_of(b.objects.begin(), b.objects.end(), [&mine](const auto& other) {
      return mine.first == other.first && (mine.second || other.second);
    });
  });
}

std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a * 0x9e3779b97f4a7c15U + b;
  return next_random(state);
}

}  // namespace sess::test
