#include "capi/failing_function.hpp"

#include "support/failing_memory.hpp"

#include <cerrno>
#include <filesystem>
#include <iterator>

namespace sess::test {
namespace {

std::ptrdiff_t descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

/// Fails this allocation of an operation. False if it makes fewer.
bool fail_allocation(const CStore& store, const Operation& operation, std::uint64_t number) {
  Scene scene(store);
  operation.prepare(scene);
  const std::ptrdiff_t open = descriptors();
  int status = 0;
  const bool failed = run_without(number, [&] { status = operation.run(scene); });
  CAPTURE(operation.name);
  CAPTURE(number);
  CAPTURE(std::string(sess_error_message()));
  if (status != SESS_OK && status != SESS_DURABILITY_UNKNOWN) {
    CHECK(failed);
    // Of a system call's own memory the file system is told.
    if (status == SESS_ERROR_IO) {
      CHECK(sess_error_number() == ENOMEM);
    } else {
      CHECK(status == SESS_ERROR_MEMORY);
      CHECK(std::string(sess_error_message()) == "out of memory");
    }
    CHECK(!operation.done(scene));
    CHECK(descriptors() == open);
    CHECK(operation.run(scene) == SESS_OK);
  }
  CHECK(operation.done(scene));
  operation.undo(scene);
  return failed;
}

}  // namespace

bool without_memory(std::uint64_t number, const std::function<void()>& work) { return run_without(number, work); }

void fail_each(const std::vector<Operation>& operations, const CStore& store) {
  std::uint64_t points = 0;
  for (const Operation& operation : operations) {
    std::uint64_t number = 0;
    while (number < 3000 && fail_allocation(store, operation, number)) ++number;
    CAPTURE(operation.name);
    CHECK(number > 0);
    points += number;
  }
  MESSAGE(points, " allocations failed");
}

}  // namespace sess::test
