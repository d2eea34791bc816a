// The moment between a fork's prepare handlers and its clone, in which other threads go on.
#include "store/core.hpp"
#include "support/forwarding_system.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>
#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <utility>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

/// What another library does in its prepare handler; empty: nothing.
std::function<void()>& in_prepare_handler() {
  static std::function<void()> work;
  return work;
}

// Prepare handlers run in the reverse order of their registration. This one is registered before main, so before any
// test opens a store: it runs when libsess's own has run.
const int registered = ::pthread_atfork(
    [] {
      if (const auto work = std::exchange(in_prepare_handler(), nullptr)) work();
    },
    nullptr, nullptr);

/// The real system; tells when a file has been opened to be locked.
class OpeningSystem final : public ForwardingSystem {
 public:
  explicit OpeningSystem(bool blind_to_forks)
      : ForwardingSystem(std::make_shared<sys::PosixSystem>()), blind_to_forks_(blind_to_forks) {}
  int open(int directory, const char* path, sys::OpenMode mode) override {
    const int answer = ForwardingSystem::open(directory, path, mode);
    if (mode == sys::OpenMode::read_write)
      if (const auto tell = std::exchange(opened, nullptr)) tell();
    return answer;
  }
  bool announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) override {
    while (!ForwardingSystem::announce_lock(descriptor, identity, forks)) {
      if (!blind_to_forks_) return false;
      forks = fork_count();
    }
    return true;
  }

  std::function<void()> opened;  // once

 private:
  bool blind_to_forks_;
};

/// A process one of whose threads forks a child that lives on; another thread opens the session's file after libsess's
/// prepare handler, and locks it. The process is killed. True if the lock is free then.
bool free_after_fork(bool blind_to_forks) {
  const TemporaryDirectory directory;
  const Store store = Store::open(directory / "store", {.create = true});
  Session made = store.create();
  REQUIRE(made.commit());
  const SessionKey key = made.key();
  made.release();

  Gate child_runs;
  Gate child_ends;
  Gate locked;
  SharedCounter was_opened;
  Child holder([&] {
    const auto system = std::make_shared<OpeningSystem>(blind_to_forks);
    const Store own = open_store(system, directory / "store", {});
    std::binary_semaphore forking(0);
    std::binary_semaphore opened(0);
    system->opened = [&] {
      was_opened.set(1);
      opened.release();
    };
    const std::thread locker([&] {
      forking.acquire();
      const Session session = own.lock(key).value();
      locked.signal();
      for (;;) ::pause();
    });
    in_prepare_handler() = [&] {
      forking.release();
      // Not for ever: a library may make the other thread wait for the end of the fork before it opens anything.
      static_cast<void>(opened.try_acquire_for(std::chrono::seconds(1)));
    };
    if (::fork() == 0) {
      child_runs.signal();
      child_ends.wait();
      ::_exit(0);
    }
    for (;;) ::pause();
  });
  REQUIRE(child_runs.wait());
  REQUIRE(locked.wait());
  CHECK(was_opened.value() == 1);
  CHECK(store.lock(key, {milliseconds(0)}).outcome() == Outcome::busy);
  holder.kill();
  holder.wait();
  const bool is_free = store.lock(key, {milliseconds(0)}).has_value();
  child_ends.signal();
  return is_free;
}

TEST_CASE(
    "a file that was opened between another thread's prepare handler and its clone left its lock with the child") {
  REQUIRE(registered == 0);
  CHECK(free_after_fork(false));
}

TEST_CASE("the test above notices an announcement that does not look for forks") { CHECK_FALSE(free_after_fork(true)); }

}  // namespace
}  // namespace sess::test
