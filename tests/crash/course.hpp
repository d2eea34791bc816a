// Power cuts in a course: an operation that replaces or ends sessions, stopped before each of its calls. What may be
// left differs from course to course, so each judges for itself (cutting.hpp is for the versions of one session).
#pragma once

#include "support/disk_image.hpp"
#include "support/fake_system.hpp"

#include <sess/sess.hpp>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sess::test {

/// Throws std::runtime_error if the condition does not hold.
void expect(bool condition, const char* what);

/// The sessions that are live, not only listed: a listing alone puts nothing right that a cut has left.
std::vector<SessionKey> live_sessions(const Store& store);

struct CourseCounts {
  std::uint64_t cuts = 0;
  std::uint64_t disks = 0;
  std::uint64_t wrong = 0;
  std::string first;  // what was wrong

  /// Of the cut before this call: judges every disk that it may leave, within a bound. What `judge` throws is wrong.
  void judge_disks(std::uint64_t call, const FakeSystem& system, const std::function<void(const DiskImage&)>& judge);
};

/// `prepare` answers the machine of one run, over a system that it is given. Then `run` is stopped before one of its
/// calls, a later one in each run, until it comes to its end; `judge` is called with the machine and each disk.
/// `answered` of a machine: whether the operation has said that it is done. `stride`: one call of so many.
template <class Prepare, class Run, class Judge>
CourseCounts cut_course(const Prepare& prepare, const Run& run, const Judge& judge, std::uint64_t stride = 1) {
  CourseCounts counts;
  for (std::uint64_t call = 1;; call += stride) {
    const auto system = std::make_shared<FakeSystem>();
    auto machine = prepare(system);
    // From this call on nothing happens any more, as if the machine had stopped before it.
    system->fail_any(call, EIO, Repeat::for_good);
    const std::uint64_t before = system->calls();
    try {
      run(machine);
    } catch (const Error&) {
    }
    const bool ran_to_the_end = system->calls() - before < call;
    expect(!ran_to_the_end || machine.answered, "the course does not come to its end");
    counts.judge_disks(call, *system, [&](const DiskImage& image) { judge(machine, image); });
    if (ran_to_the_end) return counts;
  }
}

}  // namespace sess::test
