// The thread that sweeps: a fault is told, and sweeping goes on.
#include "machine.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>

namespace sess::test {
namespace {

/// Waits for the first report of a sweep, whatever came before it. The errors that were told.
int errors_until_a_report(Machine& machine, Call call, int error) {
  std::promise<void> reported;
  int errors = 0;
  bool is_reported = false;
  machine.fake->fail(call, 1, error);
  const GcThread thread(*machine.store, {.interval = std::chrono::milliseconds(1),
                                         .on_report =
                                             [&](const GcReport& report) {
                                               if (is_reported || report.errors > 0) return;
                                               is_reported = true;
                                               reported.set_value();
                                             },
                                         .on_error =
                                             [&](const std::exception_ptr& thrown) {
                                               ++errors;
                                               CHECK_THROWS_AS(std::rethrow_exception(thrown), IoError);
                                             }});
  reported.get_future().wait();
  return errors;
}

TEST_CASE("a sweeping thread that meets a fault tells it and goes on") {
  struct Expected {
    Call call;
    int error;
    int errors;
  };
  // Without random numbers the interval is still one; a shard that cannot be listed is one of a report's errors.
  for (const auto& [call, error, errors] : {Expected{Call::open, EMFILE, 1},
                                            {Call::try_lock, ENOLCK, 1},
                                            {Call::read, EIO, 1},
                                            {Call::list, EIO, 0},
                                            {Call::random, ENOSYS, 0}}) {
    CAPTURE(call);
    const Setting setting;
    Machine machine(setting);
    CHECK(errors_until_a_report(machine, call, error) == errors);
    machine.let_go();
    CHECK(machine.fake->leaks().none());
  }
}

}  // namespace
}  // namespace sess::test
