// The same random calls on the fake and on the real file system: every answer is the same.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/fake_system.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

using namespace sess;

namespace {

constexpr std::array names = {"a", "b", "a~", "d", "d/a", "d/b", "d/e", "missing/a", "a/x", "./d", "."};
constexpr std::size_t slots = 6;

/// One of the two systems: makes a call out of a number and says in words what came of it.
class Side {
 public:
  Side(sys::System& system, const std::string& top) : system_(system) {
    top_ = system.open(sys::working_directory, top.c_str(), sys::OpenMode::directory);
    REQUIRE(top_ >= 3);
    open_.fill(-1);
  }
  ~Side() {
    for (const int descriptor : open_) {
      if (descriptor >= 0) system_.close(descriptor);
    }
    system_.close(top_);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  std::string act(std::uint64_t state) {
    const auto draw = [&](std::uint64_t below) { return test::next_random(state) % below; };
    const std::uint64_t kind = draw(18);
    int& slot = open_[draw(slots)];
    const char* name = names[draw(names.size())];
    const char* other = names[draw(names.size())];
    const auto mode = static_cast<sys::OpenMode>(draw(4));
    const auto rename_mode = static_cast<sys::RenameMode>(draw(3));
    const std::uint64_t offset = draw(1200);
    const std::string data(draw(900), static_cast<char>('a' + draw(26)));
    switch (kind) {
      case 0:
      case 1:
      case 2:
      case 3: {
        if (slot >= 0) return said("close", close(slot));
        const int result = system_.open(top_, name, mode);
        slot = std::max(result, -1);
        return said("open " + std::string(name), std::min(result, 0));
      }
      case 4:
        return said("lock", system_.try_lock(slot));
      case 5:
        return said("unlock", system_.unlock(slot));
      case 6:
      case 7:
        return said("write", system_.write(slot, std::as_bytes(std::span(data)), offset));
      case 8: {
        std::string buffer(data.size(), '?');
        const std::int64_t length = system_.read(slot, std::as_writable_bytes(std::span(buffer)), offset);
        return said("read " + buffer, length);
      }
      case 9:
        return said("truncate", system_.truncate(slot, offset));
      case 10:
        return said("times", system_.set_times(slot, {static_cast<std::int64_t>(offset), 123'000'001}));
      case 11: {
        sys::FileStatus status;
        const int result = system_.status(slot, status);
        return said("status" + described(status, result), result);
      }
      case 12: {
        sys::FileStatus status;
        const int result = system_.status_at(top_, name, status);
        return said("status of " + std::string(name) + described(status, result), result);
      }
      case 13:
        return said("unlink " + std::string(name), system_.unlink(top_, name));
      case 14:
        return said("link " + std::string(name) + " " + other, system_.link(top_, name, top_, other));
      case 15:
        return said("mkdir " + std::string(name), system_.make_directory(top_, name));
      default:
        return said("rename " + std::string(name) + " " + other + " " + std::to_string(static_cast<int>(rename_mode)),
                    system_.rename(top_, name, top_, other, rename_mode));
    }
  }

 private:
  int close(int& slot) {
    const int result = system_.close(slot);
    slot = -1;
    return result;
  }

  static std::string said(const std::string& what, std::int64_t result) {
    return what + " = " + std::to_string(result);
  }

  /// What must be the same. Of a directory the size and the count of links are each file system's own; a time is
  /// compared when it was set, not when it is that of a write.
  std::string described(const sys::FileStatus& status, int result) {
    if (result < 0) return "";
    if (status.type == sys::FileType::directory) return " directory";
    std::string text = " mode " + std::to_string(status.mode) + " links " + std::to_string(status.links) + " size " +
                       std::to_string(status.size);
    if (status.modified.seconds < 10'000) text += " time " + std::to_string(status.modified.seconds);
    // An identity as whoever compares them sees it: which of the open files it is.
    for (std::size_t i = 0; i < slots; ++i) {
      sys::FileStatus of_slot;
      if (open_[i] >= 0 && system_.status(open_[i], of_slot) == 0 && of_slot.identity == status.identity) {
        text += " is " + std::to_string(i);
      }
    }
    return text;
  }

  sys::System& system_;
  int top_ = -1;
  std::array<int, slots> open_{};
};

}  // namespace

TEST_CASE("random calls get the same answers from the fake and from the real file system") {
  const int rounds = test::long_run() ? 500 : 60;
  for (const std::string& file_system : test::file_systems()) {
    CAPTURE(file_system);
    for (int round = 0; round < rounds; ++round) {
      CAPTURE(round);
      const test::TemporaryDirectory directory(file_system);
      sys::PosixSystem real_system;
      test::FakeSystem fake_system;
      Side real(real_system, directory.path());
      Side fake(fake_system, "/");
      std::uint64_t state = test::mixed(7, static_cast<std::uint64_t>(round));
      for (int call = 0; call < 300; ++call) {
        const std::uint64_t drawn = test::next_random(state);
        const std::string expected = real.act(drawn);
        CAPTURE(call);
        REQUIRE(fake.act(drawn) == expected);
      }
    }
  }
}
