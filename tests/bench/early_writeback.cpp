#include "early_writeback.hpp"

#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace sess::bench {

namespace {

using Clock = std::chrono::steady_clock;

// So many that a device's queue would fill, and that the hundredth part of them is no chance.
constexpr std::size_t sessions = 20'000;
constexpr int rounds = 5;
constexpr std::size_t payload = 512;  // bytes

/// A number for each session, in memory that forked processes share.
class SharedTimes {
 public:
  SharedTimes() {
    void* memory =
        ::mmap(nullptr, sessions * sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    times_ = static_cast<double*>(memory);
  }
  SharedTimes(const SharedTimes&) = delete;
  SharedTimes& operator=(const SharedTimes&) = delete;
  ~SharedTimes() { ::munmap(times_, sessions * sizeof(double)); }
  std::span<double> all() const { return {times_, sessions}; }

 private:
  double* times_;
};

/// Of all rounds, in microseconds.
struct Series {
  std::vector<double> creations;
  std::vector<double> first_changes;

  static std::string summary(std::vector<double>& times) {
    std::ranges::sort(times);
    return fmt::format("{:>9.2f} {:>9.2f} {:>9.0f}", times[times.size() / 2], times[times.size() / 100 * 99],
                       times.back());
  }
};

template <typename Operation>
double microseconds(const Operation& operation) {
  const auto start = Clock::now();
  operation();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

void run_round(const std::string& below, bool early_writeback, int processes, Series& series) {
  const test::TemporaryDirectory directory(below);
  const std::string path = directory / "store";
  const StoreOptions options{.early_writeback = early_writeback, .create = true};
  const Store made = Store::open(path, options);
  const SharedTimes creations;
  const SharedTimes first_changes;
  const auto work = [&](int number) {
    const Store store = Store::open(path, options);
    std::vector<SessionKey> keys;
    const std::size_t share = sessions / static_cast<std::size_t>(processes);
    const std::size_t begin = share * static_cast<std::size_t>(number);
    const std::string text(payload, 't');
    for (std::size_t i = begin; i < begin + share; ++i) {
      creations.all()[i] = microseconds([&] {
        Session session = store.create();
        session.set("text", text);
        if (!session.commit()) throw std::runtime_error("commit");
        keys.push_back(session.key());
      });
    }
    for (std::size_t i = begin; i < begin + share; ++i) {
      first_changes.all()[i] = microseconds([&] {
        if (!store.update(keys[i - begin], [](Editor& editor) { editor.add("count", 1); }))
          throw std::runtime_error("update");
      });
    }
  };
  if (test::run_processes(processes, work) != 0) throw std::runtime_error("a process failed");
  std::ranges::copy(creations.all(), std::back_inserter(series.creations));
  std::ranges::copy(first_changes.all(), std::back_inserter(series.first_changes));
}

}  // namespace

void compare_early_writeback(const std::string& below) {
  fmt::print("{}: {} sessions of {} bytes, {} rounds; microseconds: median, 99%, worst\n", below, sessions, payload,
             rounds);
  for (const int processes : {1, 2}) {
    Series late;
    Series early;
    for (int round = 0; round < rounds; ++round) {
      run_round(below, false, processes, late);
      run_round(below, true, processes, early);
    }
    const auto print = [&](const char* what, std::vector<double>& without, std::vector<double>& with) {
      fmt::print("  {:<13} {} process{}  without {}   with {}\n", what, processes, processes == 1 ? "  " : "es",
                 Series::summary(without), Series::summary(with));
    };
    print("creation", late.creations, early.creations);
    print("first change", late.first_changes, early.first_changes);
  }
}

}  // namespace sess::bench
