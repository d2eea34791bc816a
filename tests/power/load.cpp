#include "load.hpp"

#include "population.hpp"
#include "store/core.hpp"
#include "support/processes.hpp"
#include "sys/posix_system.hpp"
#include "worker.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <utility>

namespace sess::test::power {

namespace {

constexpr int interrupted_status = 3;

/// Each operation takes half a second of its clock: otherwise no touch would have a deadline to move.
class FastClock final : public LyingSystem {
 public:
  FastClock(Breakage breakage, const Population& population)
      : LyingSystem(std::make_shared<sys::PosixSystem>(), breakage), population_(population) {}
  std::int64_t wall_clock() override {
    return LyingSystem::wall_clock() + static_cast<std::int64_t>(population_.operations.load()) * 500;
  }

 private:
  const Population& population_;
};

struct Pipe {
  std::array<int, 2> ends{};
  Pipe() {
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  }
};

enum class Word : std::uint8_t { next, stop, mark };

/// Waits for a line of standard input, for the mark, or for the end of either: of who asks, or of all workers.
Word wait_for_word(int marks) {
  std::array<pollfd, 2> waited{{{STDIN_FILENO, POLLIN, 0}, {marks, POLLIN, 0}}};
  for (;;) {
    if (::poll(waited.data(), waited.size(), -1) < 0) continue;
    char letter = 0;
    if (waited[0].revents != 0) {
      if (::read(STDIN_FILENO, &letter, 1) != 1) return Word::stop;
      if (letter == '\n') return Word::next;
    } else if (waited[1].revents != 0) {
      return ::read(marks, &letter, 1) == 1 ? Word::mark : Word::stop;
    }
  }
}

/// A journal that is committed for one file is committed for all: then names are on disk whose data is not.
class Neighbour {
 public:
  explicit Neighbour(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour() { ::close(file_); }
  void write() {
    ++count_;
    if (::pwrite(file_, &count_, sizeof count_, 0) != sizeof count_ || ::fsync(file_) != 0) throw Interrupted{};
  }

 private:
  int file_;
  std::uint64_t count_ = 0;
};

int work(const LoadOptions& options, Population& population, const Ledger& ledger, int number, int marks) {
  try {
    const auto method = options.renaming && number % 2 == 1 ? CommitMethod::rename_only : CommitMethod::automatic;
    const auto system = std::make_shared<FastClock>(options.breakage, population);
    Neighbour neighbour(options.store + "." + std::to_string(number));
    const auto reached = [marks] {
      if (::write(marks, "m", 1) != 1) throw std::runtime_error("write to the pipe");
    };
    const auto be_neighbour = [&] {
      if (options.neighbours) neighbour.write();
    };
    Worker worker(
        open_store(system, options.store, {.early_writeback = options.early_writeback, .commit_method = method}),
        population, ledger,
        {.levels = options.levels,
         .breakage = options.breakage,
         .seed = options.seed * 1000 + static_cast<std::uint64_t>(number),
         .reached = reached,
         .neighbour = be_neighbour});
    worker.run();
    return 0;
  } catch (const IoError& error) {
    std::cerr << "load: worker " + std::to_string(number) + ": " + error.what() + "\n";
  } catch (const Interrupted&) {
    std::cerr << "load: worker " + std::to_string(number) + ": a sync has failed\n";
  }
  return interrupted_status;
}

/// What was answered before this began is on disk when it ends. False where the file system is gone.
bool settle(const LoadOptions& options, const Ledger& ledger) {
  const std::uint64_t length = ledger.length();
  const int directory = ::open(options.store.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::syncfs(directory) == 0;
  if (directory >= 0) ::close(directory);
  if (synced) ledger.append({.step = Step::settled, .position = length});
  return synced;
}

/// Goes on as long as it is asked for another round.
void conduct(const LoadOptions& options, Population& population, const Ledger& ledger, int marks) {
  const auto set_mark = [&] { population.mark = population.operations.load() + options.operations; };
  do {
    set_mark();
    if (wait_for_word(marks) != Word::mark || !settle(options, ledger)) return;
    set_mark();
    if (wait_for_word(marks) != Word::mark) return;
    std::cout << "cut" << std::endl;
  } while (wait_for_word(marks) == Word::next);
}

}  // namespace

int run_load(const LoadOptions& options) {
  Store::init(options.store);
  Population& population = make_population();
  const Ledger ledger(options.ledger);
  const Pipe marks;
  std::vector<Child> children;
  for (int number = 0; number < options.workers; ++number)
    children.emplace_back([&, number] { ::_exit(work(options, population, ledger, number, marks.ends[1])); });
  ::close(marks.ends[1]);  // so that the end of all workers is the end of the pipe
  conduct(options, population, ledger, marks.ends[0]);
  population.stop = true;
  int interrupted = 0;
  int failed = 0;
  for (Child& child : children) {
    const int status = child.wait();
    interrupted += status == interrupted_status ? 1 : 0;
    failed += status != 0 && status != interrupted_status ? 1 : 0;
  }
  std::cout << "ended " << population.operations << " operations, " << interrupted << " of " << options.workers
            << " workers by the end of the file system, " << failed << " by a failure" << std::endl;
  if (failed > 0) return 1;
  return interrupted > 0 ? interrupted_status : 0;
}

}  // namespace sess::test::power
