// The five operations against the bare system calls that they are made of, on the same machine in the same run.
//
//   build/bench/micro [DIRECTORY...]                      default: /tmp and /dev/shm
//   build/bench/micro --early-writeback [DIRECTORY...]    what that option costs: early_writeback.hpp
//
// Each round times both sides, one after the other, so that both see the same machine; the medians of the rounds and
// their ratio are printed, with the spread of the ratio. 512 bytes in ten values, 1,000 sessions, warm, one process.
// The bare loops do what src/PROTOCOL.md says, call by call, and nothing else: no check, no encoding, no memory.
#include "early_writeback.hpp"
#include "format/header.hpp"
#include "format/names.hpp"
#include "format/values_codec.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 9;
constexpr int sessions = 1000;

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

double microseconds_each(const std::function<void(int)>& operation) {
  const auto start = Clock::now();
  for (int i = 0; i < sessions; ++i) operation(i);
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count() / sessions;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// The bare calls on files of their own beside the store, in directories of the same shape.
class Floor {
 public:
  Floor(const std::string& path, std::size_t record_size) : record_(record_size, 'r') {
    require(::mkdir(path.c_str(), 0700) == 0, "mkdir");
    directory_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(directory_ >= 0, "open directory");
    for (int shard = 0; shard < 256; ++shard)
      require(::mkdirat(directory_, fmt::format("{:02x}", shard).c_str(), 0700) == 0, "mkdirat");
    for (int i = 0; i < sessions; ++i) {
      names_.push_back(fmt::format("{:02x}/{:040x}", i % 256, i));
      spares_.push_back(names_.back() + "~");
    }
  }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;
  ~Floor() { ::close(directory_); }

  void create(int i) {
    const std::string temporary = names_[at(i)] + ".temp";
    const int file = ::openat(directory_, temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status {};
    ::fstat(file, &status);
    ::flock(file, LOCK_EX | LOCK_NB);
    put(file);
    require(::renameat2(directory_, temporary.c_str(), directory_, names_[at(i)].c_str(), RENAME_NOREPLACE) == 0,
            "create");
    ::flock(file, LOCK_UN);
    ::close(file);
  }

  void snapshot(int i) {
    const int file = ::openat(directory_, names_[at(i)].c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    struct stat status {};
    ::fstat(file, &status);
    get(file, record_.size());
    ::fstatat(directory_, names_[at(i)].c_str(), &status, AT_SYMLINK_NOFOLLOW);
    ::close(file);
  }

  void update(int i) {
    const int file = lock(i);
    get(file, record_.size());
    struct stat status {};
    int spare = ::openat(directory_, spares_[at(i)].c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    if (spare < 0) {  // the first update of a session; timed rounds come after it
      spare = ::openat(directory_, spares_[at(i)].c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      put(spare);
    }
    ::fstat(spare, &status);
    ::flock(spare, LOCK_EX | LOCK_NB);
    get(spare, sess::format::header_size);
    put(spare);
    require(::renameat2(directory_, spares_[at(i)].c_str(), directory_, names_[at(i)].c_str(), RENAME_EXCHANGE) == 0,
            "exchange");
    ::flock(file, LOCK_UN);
    ::close(file);
    ::flock(spare, LOCK_UN);
    ::close(spare);
  }

  void touch(int i) {
    snapshot(i);
    const int file = lock(i);
    get(file, record_.size());
    times(file);
    ::flock(file, LOCK_UN);
    ::close(file);
  }

  void destroy(int i) {
    const int file = lock(i);
    get(file, record_.size());
    ::unlinkat(directory_, spares_[at(i)].c_str(), 0);
    require(::unlinkat(directory_, names_[at(i)].c_str(), 0) == 0, "unlink");
    const int shard = ::openat(directory_, names_[at(i)].substr(0, 2).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ::fsync(shard);
    ::close(shard);
    ::flock(file, LOCK_UN);
    ::close(file);
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  int lock(int i) const {
    const int file = ::openat(directory_, names_[at(i)].c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    struct stat status {};
    ::fstat(file, &status);
    ::flock(file, LOCK_EX | LOCK_NB);
    ::fstatat(directory_, names_[at(i)].c_str(), &status, AT_SYMLINK_NOFOLLOW);
    return file;
  }
  void get(int file, std::size_t size) {
    std::array<char, 4096> buffer;
    require(::pread(file, buffer.data(), std::min(size, buffer.size()), 0) >= 0, "pread");
  }
  void put(int file) const {
    require(::pwrite(file, record_.data(), record_.size(), 0) == static_cast<ssize_t>(record_.size()), "pwrite");
    times(file);
  }
  static void times(int file) {
    const timespec both[2] = {{2'000'000'000, 0}, {2'000'000'000, 0}};
    ::futimens(file, both);
  }

  int directory_ = -1;
  std::string record_;
  std::vector<std::string> names_;
  std::vector<std::string> spares_;
};

/// The rounds of one operation, on both sides.
class Series {
 public:
  explicit Series(const char* name) : name_(name) {}
  void add(double ours, double bare) {
    ours_.push_back(ours);
    bare_.push_back(bare);
    ratios_.push_back(ours / bare);
  }
  void print() const {
    fmt::print("  {:<10} {:>9.2f} {:>9.2f} {:>7.2f}   {:.2f} to {:.2f}\n", name_, median(ours_), median(bare_),
               median(ratios_), *std::ranges::min_element(ratios_), *std::ranges::max_element(ratios_));
  }

 private:
  const char* name_;
  std::vector<double> ours_, bare_, ratios_;
};

void run(const std::string& below) {
  using namespace sess;
  const test::TemporaryDirectory directory(below);
  const Store store = Store::open(directory / "store", {.idle_timeout = std::chrono::hours(1), .create = true});
  Values values;
  for (int i = 0; i < 9; ++i) values.emplace(fmt::format("name{}", i), std::string(46, 'v'));
  values.emplace("count", 0);
  std::vector<std::byte> payload;
  format::encode_values(values, payload);
  const std::size_t record_size = format::header_size + payload.size();
  Floor floor(directory / "floor", record_size);
  fmt::print("{}, payload {} bytes in {} values, {} sessions, {} rounds\n", below, payload.size(), values.size(),
             sessions, rounds);
  fmt::print("  {:<10} {:>9} {:>9} {:>7}   {}\n", "operation", "sess us", "bare us", "ratio", "spread of the ratio");

  std::vector<SessionKey> keys(sessions);
  const auto key = [&](int i) -> const SessionKey& { return keys[static_cast<std::size_t>(i)]; };
  const auto create = [&](int i) {
    Session session = store.create();
    for (const auto& [name, value] : values) session.set(name, value);
    require(session.commit().ok(), "commit");
    keys[static_cast<std::size_t>(i)] = session.key();
  };
  const auto update = [&](int i) {
    require(store.update(key(i), [](Editor& editor) { editor.add("count", 1); }).ok(), "update");
  };
  const auto snapshot = [&](int i) { require(store.snapshot(key(i)).has_value(), "snapshot"); };
  const auto destroy = [&](int i) { require(store.destroy(key(i)).ok(), "destroy"); };
  // A touch is skipped while it would gain too little, so each round asks for a little more than the one before. To
  // make that a change of the idle timeout is a commit, which is not timed.
  int idle_hours = 1;
  const auto prepare_touch = [&](int i) {
    require(store
                .update(key(i), [&](Editor& editor) { editor.set_idle_timeout(std::chrono::hours(idle_hours)); },
                        {.renew = false})
                .ok(),
            "idle timeout");
  };
  const auto touch = [&](int i) { require(store.touch(key(i)).ok(), "touch"); };

  Series creates("create"), snapshots("snapshot"), updates("update"), touches("touch"), destroys("destroy");
  const auto round = [](Series& series, const auto& ours, const auto& bare) {
    const double own = microseconds_each(ours);
    series.add(own, microseconds_each(bare));
  };
  for (int number = 0; number < rounds; ++number) {
    round(creates, create, [&](int i) { floor.create(i); });
    for (int i = 0; i < sessions; ++i) {  // the first update makes the spare, and the second one uses it
      update(i);
      floor.update(i);
    }
    round(updates, update, [&](int i) { floor.update(i); });
    round(snapshots, snapshot, [&](int i) { floor.snapshot(i); });
    ++idle_hours;
    for (int i = 0; i < sessions; ++i) prepare_touch(i);
    round(touches, touch, [&](int i) { floor.touch(i); });
    round(destroys, destroy, [&](int i) { floor.destroy(i); });
    idle_hours = 1;
  }
  for (const Series* series : {&snapshots, &updates, &creates, &touches, &destroys}) series->print();
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> directories(arguments + 1, arguments + count);
  const bool early_writeback = !directories.empty() && directories.front() == "--early-writeback";
  if (early_writeback) directories.erase(directories.begin());
  if (directories.empty()) directories = sess::test::file_systems();
  for (const std::string& directory : directories) {
    if (early_writeback) {
      sess::bench::compare_early_writeback(directory);
    } else {
      run(directory);
    }
  }
}
