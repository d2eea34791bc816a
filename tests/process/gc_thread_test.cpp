// The sweeping thread: it sweeps, stops promptly, reports, and does no harm in forked children.
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

namespace sess::test {
namespace {

using std::chrono::milliseconds;

/// What a callback brings from the thread.
template <class T>
class Mailbox {
 public:
  void put(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    arrived_.notify_all();
  }
  T wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return value_.has_value(); });
    return *std::exchange(value_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<T> value_;
};

/// A store in a directory of its own.
struct Ground {
  /// A session that is on disk and unlocked; its "count" is 0.
  SessionKey add_session(const CreateOptions& options = {}) const {
    Session session = store.create(options);
    session.set("count", 0);
    REQUIRE(session.commit());
    const SessionKey key = session.key();
    session.release();
    return key;
  }
  bool has_sessions() const { return !files_below(directory / "store/shards").empty(); }

  TemporaryDirectory directory;
  const Store store = Store::open(directory / "store", {.create = true});
};

TEST_CASE_FIXTURE(Ground, "the thread sweeps expired sessions and reports") {
  add_session({.idle_timeout = milliseconds(1)});
  Mailbox<GcReport> reports;
  const GcThread thread(
      store, {.interval = milliseconds(1), .budget = milliseconds(0), .on_report = [&](const GcReport& report) {
                if (report.expired > 0) reports.put(report);
              }});
  const GcReport report = reports.wait();
  CHECK(report.expired == 1);
  CHECK(report.complete);
  CHECK_FALSE(has_sessions());
}

TEST_CASE_FIXTURE(Ground, "the thread stops at once, not at the end of its interval") {
  // If it waited for the interval this test would not end before the runner's time limit.
  const GcThread thread(store, {.interval = std::chrono::hours(24)});
}

TEST_CASE_FIXTURE(Ground, "the thread goes on after a sweep that throws") {
  std::filesystem::rename(directory / "store/gc", directory / "gc");
  Mailbox<std::string> errors;
  Mailbox<GcReport> reports;
  const GcThread thread(store, {.interval = milliseconds(1),
                                .on_report = [&](const GcReport& report) { reports.put(report); },
                                .on_error =
                                    [&](const std::exception_ptr& error) {
                                      try {
                                        std::rethrow_exception(error);
                                      } catch (const Error& what) {
                                        errors.put(what.what());
                                      }
                                    }});
  CHECK(errors.wait().find("gc") != std::string::npos);
  std::filesystem::rename(directory / "gc", directory / "store/gc");
  CHECK(reports.wait().status.took_effect());
}

TEST_CASE_FIXTURE(Ground, "a program that forks workers beside the thread keeps both working") {
  const SessionKey key = add_session();
  std::optional<GcThread> thread(std::in_place, store, GcThreadOptions{.interval = milliseconds(1)});
  for (int round = 0; round < 20; ++round) {
    CHECK(run_processes(3, [&](int) {
            thread.reset();  // the child has the object but not the thread: this must not wait for it
            const GcThread own(store, {.interval = milliseconds(1)});
            for (int i = 0; i < 20; ++i)
              if (!store.update(key, [](Editor& editor) { editor.add("count", 1); }))
                throw std::runtime_error("update");
          }) == 0);
  }
  thread.reset();
  CHECK(store.snapshot(key)->get<int>("count") == 20 * 3 * 20);
}

TEST_CASE_FIXTURE(Ground, "one sweep at a time") {
  add_session({.idle_timeout = milliseconds(1)});
  CHECK(run_processes(4, [&](int) {
          for (int i = 0; i < 50; ++i) {
            const GcReport report = store.gc();
            if (report.status != Outcome::ok && report.status != Outcome::busy) throw std::runtime_error("sweep");
            if (report.status == Outcome::busy && report.examined > 0) throw std::runtime_error("swept beside another");
          }
        }) == 0);
  CHECK_FALSE(has_sessions());
}

}  // namespace
}  // namespace sess::test
