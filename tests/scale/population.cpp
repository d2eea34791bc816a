#include "scale/population.hpp"

#include "store/core.hpp"
#include "support/forwarding_system.hpp"
#include "support/processes.hpp"
#include "sys/posix_system.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace scale {
namespace {

using std::chrono::hours;

constexpr std::uint64_t authenticated_each = 20;
constexpr std::uint64_t changed_each = 10;

/// Some time ago, and on a disk that is on no power line: a login syncs the list of its user, and the sum of that is
/// most of the time that a disk takes for a population.
class PastSystem final : public sess::test::ForwardingSystem {
 public:
  explicit PastSystem(hours age) : ForwardingSystem(std::make_shared<sess::sys::PosixSystem>()), age_(age) {}

  std::int64_t wall_clock() override {
    return ForwardingSystem::wall_clock() - std::chrono::duration_cast<std::chrono::milliseconds>(age_).count();
  }
  int sync_data(int) override { return 0; }
  int sync(int) override { return 0; }
  int sync_file_system(int) override { return 0; }

 private:
  hours age_;
};

std::optional<std::string> principal_of(std::uint64_t number) {
  if (number % authenticated_each != 0) return std::nullopt;
  const std::uint64_t login = number / authenticated_each;
  if (login < crowd_sessions) return crowd;
  return "user-" + std::to_string((login - crowd_sessions) / 8);
}

std::size_t size_of(std::uint64_t number) {
  if (number % 100 == 7) return 16 * 1024;
  return number % 10 == 7 ? 2 * 1024 : 200;
}

void make(const sess::Store& store, std::uint64_t number) {
  sess::CreateOptions options;
  options.principal = principal_of(number);
  if (options.principal) options.kind = sess::SessionKind::authenticated;
  sess::Session session = store.create(options);
  session.set("number", static_cast<std::int64_t>(number));
  session.set("cart", std::string(size_of(number), 'x'));
  bool is_made = session.commit().ok();
  if (number % changed_each == 3) {
    session.add("visits", 1);
    is_made = is_made && session.commit().ok();
  }
  if (!is_made) throw std::runtime_error("session " + std::to_string(number) + " was not made");
}

}  // namespace

void populate(const std::string& store, const Population& population) {
  if (population.authenticated() < crowd_sessions) throw std::runtime_error("the crowd would not be whole");
  // A user's logins follow one another, so two processes hardly meet at a list.
  const int processes = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 8U));
  const auto share = [&](int number) {
    return population.sessions * static_cast<std::uint64_t>(number) / static_cast<std::uint64_t>(processes);
  };
  const int failed = sess::test::run_processes(processes, [&](int process) {
    const sess::Store filled = sess::open_store(std::make_shared<PastSystem>(population.age), store,
                                                {.idle_timeout = hours(24), .lifetime = hours(24)});
    for (std::uint64_t number = share(process); number < share(process + 1); ++number) make(filled, number);
  });
  if (failed > 0) throw std::runtime_error(std::to_string(failed) + " of the processes that fill a store have failed");
}

}  // namespace scale
