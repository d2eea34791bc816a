#include "bench/payload.hpp"
#include "bench/peers/systems.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

namespace sess::bench {
namespace {

/// Changes are made under a lock on a file beside the session, written to a temporary file, and renamed over it.
class NaiveFiles : public Peer {
 public:
  explicit NaiveFiles(const Place& place)
      : directory_(place.directory + "/"), empty_(encoded_values(place.payload_size)) {
    static_cast<void>(::mkdir(place.directory.c_str(), 0700));
  }

  void run(Operation operation, int session) override {
    const std::string path = directory_ + id_of(session);
    switch (operation) {
      case Operation::create:
        return replace(path, empty_);
      case Operation::read:
      case Operation::unchanged: {
        static_cast<void>(count_of(load(path)));
        if (operation == Operation::unchanged)
          require(::utimensat(AT_FDCWD, path.c_str(), nullptr, 0) == 0, "utimensat");
        return;
      }
      case Operation::update: {
        const int lock = ::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        require(lock >= 0 && ::flock(lock, LOCK_EX) == 0, "lock");
        auto values = load(path);
        count_up(values);
        replace(path, values);
        ::close(lock);
        return;
      }
      case Operation::destroy:
        ::unlink((path + ".lock").c_str());
        return require(::unlink(path.c_str()) == 0, "unlink");
      default:
        throw std::runtime_error("no such operation");
    }
  }

  long long sum(int first, int count) override {
    long long sum = 0;
    for (int session = first; session < first + count; ++session) sum += count_of(load(directory_ + id_of(session)));
    return sum;
  }

 private:
  static std::vector<std::byte> load(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    require(file >= 0 && ::fstat(file, &status) == 0, "open");
    std::vector<std::byte> values(static_cast<std::size_t>(status.st_size));
    require(::read(file, values.data(), values.size()) == static_cast<ssize_t>(values.size()), "read");
    ::close(file);
    return values;
  }
  static void replace(const std::string& path, const std::vector<std::byte>& values) {
    const std::string temporary = fmt::format("{}.{}", path, ::getpid());
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(file >= 0 && ::write(file, values.data(), values.size()) == static_cast<ssize_t>(values.size()), "write");
    ::close(file);
    require(::rename(temporary.c_str(), path.c_str()) == 0, "rename");
  }

  std::string directory_;
  std::vector<std::byte> empty_;
};

}  // namespace

System naive_files() {
  using enum Operation;
  return {"naive", {create, read, unchanged, update, destroy, mix}, [](const Place& place) {
            return std::make_unique<NaiveFiles>(place);
          }};
}

}  // namespace sess::bench
