#include "bench/payload.hpp"
#include "bench/peers/systems.hpp"
#include "format/header.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

namespace sess::bench {
namespace {

/// In directories of the same shape as a store's, on files of the same sizes.
class BareCalls : public Peer {
 public:
  explicit BareCalls(const Place& place)
      : record_(format::header_size + encoded_values(place.payload_size).size(), 'r'), read_(record_) {
    static_cast<void>(::mkdir(place.directory.c_str(), 0700));
    directory_ = ::open(place.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(directory_ >= 0, "open directory");
    for (int shard = 0; shard < 256; ++shard)
      static_cast<void>(::mkdirat(directory_, fmt::format("{:02x}", shard).c_str(), 0700));
  }
  BareCalls(const BareCalls&) = delete;
  BareCalls& operator=(const BareCalls&) = delete;
  ~BareCalls() override { ::close(directory_); }

  void prepare(Operation, int first, int count) override {
    for (int session = first; session < first + count; ++session) static_cast<void>(names(session));
  }

  void run(Operation operation, int session) override {
    const Names& name = names(session);
    switch (operation) {
      case Operation::create:
        return create(name);
      case Operation::read:
      case Operation::unchanged:
        return read(name);
      case Operation::reread:
        return stamp(name.current);
      case Operation::touch:
        return touch(name);
      case Operation::update:
        return update(name, false);
      case Operation::durable:
        return update(name, true);
      case Operation::merge:
        return read(name), update(name, false);
      case Operation::destroy:
        return destroy(name);
      case Operation::mix:
        break;
    }
    throw std::runtime_error("no such operation");
  }

  long long sum(int, int) override { return -1; }

 private:
  struct Names {
    std::string shard, current, spare, temporary;
  };
  const Names& names(int session) {
    auto& names = names_[session];
    if (names.current.empty()) {
      const std::string id = id_of(session);
      names.shard = id.substr(0, 2);
      names.current = names.shard + "/" + id;
      names.spare = names.current + "~";
      names.temporary = names.current + ".temp";
    }
    return names;
  }

  void create(const Names& name) {
    const int file =
        ::openat(directory_, name.temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat status {};
    ::fstat(file, &status);
    ::flock(file, LOCK_EX | LOCK_NB);
    put(file);
    require(::renameat2(directory_, name.temporary.c_str(), directory_, name.current.c_str(), RENAME_NOREPLACE) == 0,
            "create");
    release(file);
  }
  void read(const Names& name) {
    const int file = ::openat(directory_, name.current.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    struct stat status {};
    ::fstat(file, &status);
    get(file, read_.size());
    stamp(name.current);
    ::close(file);
  }
  void touch(const Names& name) {
    read(name);
    const int file = lock(name);
    get(file, read_.size());
    times(file);
    release(file);
  }
  void update(const Names& name, bool durable) {
    const int file = lock(name);
    get(file, read_.size());
    struct stat status {};
    int spare = ::openat(directory_, name.spare.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    if (spare < 0) {  // the first update of a session; timed rounds come after it
      spare = ::openat(directory_, name.spare.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      put(spare);
    }
    ::fstat(spare, &status);
    ::flock(spare, LOCK_EX | LOCK_NB);
    get(spare, format::header_size);
    put(spare);
    if (durable) require(::fdatasync(spare) == 0, "fdatasync");
    require(::renameat2(directory_, name.spare.c_str(), directory_, name.current.c_str(), RENAME_EXCHANGE) == 0,
            "exchange");
    if (durable) sync_shard(name);
    release(file);
    release(spare);
  }
  void destroy(const Names& name) {
    const int file = lock(name);
    get(file, read_.size());
    ::unlinkat(directory_, name.spare.c_str(), 0);
    require(::unlinkat(directory_, name.current.c_str(), 0) == 0, "unlink");
    sync_shard(name);
    release(file);
  }

  int lock(const Names& name) const {
    const int file = ::openat(directory_, name.current.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOATIME);
    struct stat status {};
    ::fstat(file, &status);
    ::flock(file, LOCK_EX);
    stamp(name.current);
    return file;
  }
  static void release(int file) {
    ::flock(file, LOCK_UN);
    ::close(file);
  }
  void sync_shard(const Names& name) const {
    const int shard = ::openat(directory_, name.shard.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(::fsync(shard) == 0, "fsync");
    ::close(shard);
  }
  void stamp(const std::string& name) const {
    struct stat status {};
    require(::fstatat(directory_, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0, "stat");
  }
  void get(int file, std::size_t size) { require(::pread(file, read_.data(), size, 0) > 0, "pread"); }
  void put(int file) const {
    require(::pwrite(file, record_.data(), record_.size(), 0) == static_cast<ssize_t>(record_.size()), "pwrite");
    times(file);
  }
  static void times(int file) {
    const timespec both[2] = {{2'000'000'000, 0}, {2'000'000'000, 0}};
    ::futimens(file, both);
  }

  int directory_ = -1;
  std::string record_, read_;
  std::unordered_map<int, Names> names_;
};

}  // namespace

System bare_calls() {
  using enum Operation;
  return {"floor",
          {create, read, reread, touch, unchanged, update, merge, durable, destroy, mix},
          [](const Place& place) { return std::make_unique<BareCalls>(place); }};
}

}  // namespace sess::bench
