// The calls of sys::System as values: for fault plans, logs, schedules and footprints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::test {

enum class Call : std::uint8_t {
  open,
  close,
  try_lock,
  unlock,
  try_lock_byte,
  status,
  status_at,
  read,
  write,
  truncate,
  sync_data,
  start_writeback,
  sync,
  sync_file_system,
  set_times,
  rename,
  link,
  unlink,
  make_directory,
  make_directories,
  set_mode,
  file_system,
  list,
  random,
  lock_holder,
  // From here on: calls that answer no error and are no system call of interest to an order.
  wall_clock,
  monotonic_clock,
  pause,
  user,
  fork_count,
  announce_lock,
  withdraw_lock,
  locked_by_this_thread,
  process_generation,
  step,  // no call: a named point in a test's actor (ScheduledSystem::step)
};

inline constexpr std::size_t call_count = static_cast<std::size_t>(Call::step) + 1;

std::string_view to_string(Call call);

/// True for the calls that can answer an error, and that "the n-th call of any kind" counts.
bool can_fail(Call call);

/// True for the calls that change nothing that another process could see, whatever they answer.
bool is_read_only(Call call);

/// A call that is about to be made, with what is known of it beforehand.
struct PendingCall {
  Call call = Call::step;
  int descriptor = -1;     // the file's, or the directory's that `name` is relative to
  std::string name;        // as given, for calls with a path; the label of a step
  int to_directory = -1;   // rename and link
  std::string to;          // rename and link
  bool exclusive = false;  // open with create_exclusive
  std::string path;        // for people: the path in full, or the path that the descriptor was opened by
};

/// "rename(a~ <-> a)", "read(a)".
std::string to_string(const PendingCall& call);

/// What a call reads and writes: names of objects (hashes, so that a collision makes two calls dependent that
/// are not, which costs time and hides nothing), each with whether it is written.
struct Footprint {
  std::vector<std::pair<std::uint64_t, bool>> objects;
  void reads(std::uint64_t object) { objects.emplace_back(object, false); }
  void writes(std::uint64_t object) { objects.emplace_back(object, true); }
};

/// True if no object is in both with a write on either side: then both orders end in the same state.
bool disjoint(const Footprint& a, const Footprint& b);

/// A System that can tell what a pending call would touch in its present state.
class FootprintSource {
 public:
  FootprintSource() = default;
  FootprintSource(const FootprintSource&) = delete;
  FootprintSource& operator=(const FootprintSource&) = delete;
  virtual ~FootprintSource() = default;
  virtual Footprint footprint(const PendingCall& call) = 0;
};

/// The next number of a small deterministic generator (splitmix64): tests must not depend on a library's choice.
std::uint64_t next_random(std::uint64_t& state);

/// Mixes two numbers into the name of an object.
std::uint64_t mixed(std::uint64_t a, std::uint64_t b);

}  // namespace sess::test
