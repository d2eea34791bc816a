// A system in memory, with the exact behaviour of Linux in what libsess uses of it.
//
// What is real: open modes, directories, hard links, rename with its three modes, link counts, flock (it belongs to
// the open file description; two of one process conflict; unlock and close release it), inode numbers that are used
// again once the file has neither name nor descriptor (the lowest free one, the worst case), times, sizes, and the
// errors, in the order in which Linux checks.
//
// What differs: no symbolic links, no "..", no permissions, no meaning of a slash at the end, no holes; `list` visits
// the names that were there when it was called (Linux may or may not show what changes meanwhile), in an order that is
// neither sorted nor that of making; the clocks stand still unless a test or `pause` moves them; pause does not wait.
// The working directory is the root.
//
// Faults, the log and short transfers: fault_plan.hpp. Power cuts: power_cut.hpp says which states are covered.
//
// Thread-safety: all of System's members, and the members below that are not said to be for a quiet system.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/disk_image.hpp"
#include "support/fake_file_tree.hpp"
#include "support/fault_plan.hpp"
#include "support/power_cut.hpp"
#include "support/system_call.hpp"
#include "sys/system.hpp"

namespace sess::test {

inline constexpr std::uint64_t fake_type = 0xfa4e;       // of the fake's own file system
inline constexpr std::uint64_t btrfs_type = 0x9123683e;  // BTRFS_SUPER_MAGIC (statfs(2))

struct FakeOptions {
  std::uint64_t seed = 1;                                          // of random()
  std::chrono::nanoseconds wall_clock{1'700'000'000'000'000'000};  // where it starts (from an image: where that was)
  std::chrono::nanoseconds time_granularity{1};                    // of file times: part of a second, or whole seconds
  bool exchange_supported = true;                                  // if not, rename answers -EINVAL, as Linux does
  bool no_replace_supported = true;
  std::size_t sector_size = default_sector_size;  // what the disk writes wholly or not at all, bytes
  std::uint64_t device = 1;
  std::uint64_t file_system_type = fake_type;
  std::uint32_t user = 1000;
  int process = 4711;  // what lock_holder answers
  std::string boot_id = "11111111-2222-3333-4444-555555555555";
};

class FakeSystem final : public sys::System, public FootprintSource {
 public:
  explicit FakeSystem(FakeOptions options = {});
  /// A machine started from a disk: no descriptors, no locks, and everything is durable.
  explicit FakeSystem(const DiskImage& image, FakeOptions options = {});

  // ---- sys::System ---------------------------------------------------------------------------------------
  int open(int directory, const char* path, sys::OpenMode mode) override;
  int close(int descriptor) override;
  int try_lock(int descriptor) override;
  int unlock(int descriptor) override;
  int try_lock_byte(int descriptor, std::uint64_t offset) override;
  int status(int descriptor, sys::FileStatus& status) override;
  int status_at(int directory, const char* path, sys::FileStatus& status) override;
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override;
  std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) override;
  int truncate(int descriptor, std::uint64_t size) override;
  int sync_data(int descriptor) override;
  int start_writeback(int descriptor) override;  // promises nothing, so does nothing
  int sync(int descriptor) override;
  int sync_file_system(int descriptor) override;
  int set_times(int descriptor, sys::FileTime time) override;
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override;
  int link(int directory, const char* from, int to_directory, const char* to) override;
  int unlink(int directory, const char* path) override;
  int make_directory(int directory, const char* path) override;
  int set_mode(int directory, const char* path, std::uint32_t mode) override;
  int make_directories(const std::string& path) override;  // in one step, which no kernel does
  int file_system(int descriptor, sys::FileSystem& found) override;
  int list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) override;
  std::int64_t wall_clock() override;
  std::chrono::nanoseconds monotonic_clock() override;
  std::chrono::nanoseconds boot_clock() override;
  std::string boot_id() override;
  void pause(std::chrono::nanoseconds duration) override;  // moves both clocks
  int random(std::span<std::byte> buffer) override;
  std::uint32_t user() override;
  std::uint64_t fork_count() override;
  bool announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) override;
  bool withdraw_lock(int descriptor) override;
  bool locked_by_this_thread(sys::FileIdentity identity, int other_than) override;
  std::uint64_t process_generation() override;
  int lock_holder(sys::FileIdentity identity) override;
  sys::OpenFiles open_files(const std::function<bool(std::string_view)>& wanted) override;

  // ---- the world around it -------------------------------------------------------------------------------
  void advance(std::chrono::nanoseconds duration);           // both clocks
  void set_wall_clock(std::chrono::nanoseconds since_1970);  // a clock step: the monotonic clock stays
  void set_user(std::uint32_t user);
  void set_boot_id(const std::string& boot_id);
  void set_process(int process);  // what lock_holder says of locks taken from now on
  /// Goes on as a forked child, after the handler has run in it: the announced descriptors are closed here, but the
  /// parent has them still, so their locks stay. Answers how many locks that are.
  std::size_t continue_as_forked_child();
  void set_exchange_supported(bool supported);
  void set_no_replace_supported(bool supported);
  void set_time_granularity(std::chrono::nanoseconds granularity);
  /// From now on: at most so many blocks of 512 bytes and inodes in total; beyond, -ENOSPC (or `error`).
  void limit_space(std::uint64_t blocks, std::uint64_t inodes, int error = ENOSPC);

  // ---- faults and the log --------------------------------------------------------------------------------
  void fail(Call call, std::uint64_t nth, int error, Repeat repeat = Repeat::once);
  void fail_any(std::uint64_t nth, int error, Repeat repeat = Repeat::once);
  void fail(Fault fault);
  void shorten(ShortTransfer transfer);
  void clear_faults();
  std::uint64_t calls(Call call) const;  // made so far, failed or not
  std::uint64_t calls() const;           // of all kinds that can fail
  std::vector<LoggedCall> log() const;   // the calls that can fail, in order
  void clear_log();                      // the counts too; planted faults keep theirs

  // ---- looking and tampering, past descriptors, locks, faults and the log ----------------------------------
  struct Leaks {
    std::vector<std::string> descriptors;  // the paths they were opened by
    std::vector<std::string> locks;
    std::size_t announced = 0;
    bool none() const { return descriptors.empty() && locks.empty() && announced == 0; }
  };
  Leaks leaks() const;
  /// All paths below a directory, relative to it, sorted; directories end in a slash.
  std::vector<std::string> names_below(std::string_view path = "/") const;
  bool exists(std::string_view path) const;
  /// Throws std::invalid_argument unless there is such a file; so do the next ones.
  sys::FileStatus look(std::string_view path) const;
  std::vector<std::byte> content(std::string_view path) const;
  std::string text(std::string_view path) const;
  /// As if the disk itself had changed: durable at once, the times stay. Makes the file if there is none.
  void set_content(std::string_view path, std::span<const std::byte> bytes);
  void set_text(std::string_view path, std::string_view text);
  void set_modified(std::string_view path, sys::FileTime time);
  void set_owner_and_mode(std::string_view path, std::uint32_t owner, std::uint32_t mode);

  // ---- power cuts ----------------------------------------------------------------------------------------
  /// Declares everything durable (a quiet system that has been synced).
  void settle();
  /// The disk as it is seen now.
  DiskImage image() const;
  /// Visits what a power cut at this moment may leave. For a quiet system: no thread may use it meanwhile.
  PowerCutSummary power_cut_states(const PowerCutOptions& options,
                                   const std::function<void(const DiskImage&)>& visit) const;

  // ---- for the explorer ----------------------------------------------------------------------------------
  Footprint footprint(const PendingCall& call) override;

 private:
  struct Description {
    InodePtr inode;
    bool readable = true;
    bool writable = false;
    std::string path;
  };
  struct Announcement {
    std::thread::id thread;
    sys::FileIdentity identity;
  };

  template <typename Action>
  auto attempt(Call call, std::string path, Action action) -> decltype(action());

  sys::FileTime now() const;
  sys::FileTime rounded(sys::FileTime time) const;
  Description* find(int descriptor);
  template <typename Visit>
  void for_each_description(Visit visit) const;
  FakeFileTree::Place place(int directory, std::string_view path);
  std::string path_of(int descriptor) const;
  std::string path_of(int directory, std::string_view path) const;
  int hand_out(InodePtr inode, bool writable, std::string path);
  void drop(Description& description);
  int open_place(const FakeFileTree::Place& place, sys::OpenMode mode, const std::string& path);
  bool has_space_for(std::uint64_t blocks, std::uint64_t inodes) const;
  void fill(const Inode& inode, sys::FileStatus& status) const;
  const Inode& existing(std::string_view path) const;
  InodePtr made(std::string_view path);

  mutable std::mutex mutex_;
  FakeOptions options_;
  FakeFileTree tree_;
  std::chrono::nanoseconds wall_clock_;
  std::chrono::nanoseconds monotonic_clock_{std::chrono::hours(1)};
  std::uint64_t random_state_;
  std::uint64_t forks_ = 0;
  std::uint64_t generation_ = 0;
  std::map<int, std::unique_ptr<Description>> descriptors_;
  std::vector<std::unique_ptr<Description>> parents_descriptions_;  // see continue_as_forked_child
  std::map<int, Announcement> announced_;
  FaultPlan faults_;
  std::vector<LoggedCall> log_;
  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(call_count, 0);
  std::uint64_t most_blocks_ = UINT64_MAX;
  std::uint64_t most_inodes_ = UINT64_MAX;
  int space_error_ = ENOSPC;
};

}  // namespace sess::test
