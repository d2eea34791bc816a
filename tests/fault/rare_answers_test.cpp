// Two things that a fake cannot be told to do: a file that is made though open answers an error, and a directory that
// cannot be read to its end.
#include "machine.hpp"
#include "subject.hpp"
#include "support/forwarding_system.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

/// Makes this file, counted from 1, and answers an error.
struct MadeAllTheSame final : ForwardingSystem {
  MadeAllTheSame(std::shared_ptr<sys::System> inner, std::size_t number)
      : ForwardingSystem(std::move(inner)), left(number) {}
  int open(int at, const char* name, sys::OpenMode mode) override {
    const int descriptor = ForwardingSystem::open(at, name, mode);
    if (mode != sys::OpenMode::create_exclusive || descriptor < 0 || left == 0 || --left > 0) return descriptor;
    fired = true;
    close(descriptor);
    return -EIO;
  }
  std::size_t left;
  bool fired = false;
};

/// Lists so many entries, and then answers an error.
struct CutShort final : ForwardingSystem {
  CutShort(std::shared_ptr<sys::System> inner, std::size_t number) : ForwardingSystem(std::move(inner)), left(number) {}
  int list(int directory, const std::function<bool(const sys::DirectoryEntry&)>& visit) override {
    const int answer = ForwardingSystem::list(directory, [&](const sys::DirectoryEntry& entry) {
      if (left == 0) return false;
      --left;
      return visit(entry);
    });
    fired = fired || left == 0;
    return answer == 0 && left == 0 ? -EIO : answer;
  }
  std::size_t left;
  bool fired = false;
};

/// Runs the operation over a system of this kind for every number until one has no fault. The faults.
template <class Rare>
std::size_t run_all(const Subject& subject, std::size_t first) {
  CAPTURE(subject.name);
  Machine prepared(subject.setting);
  prepared.let_go();
  const DiskImage image = prepared.fake->image();
  for (std::size_t number = first;; ++number) {
    CAPTURE(number);
    std::shared_ptr<Rare> rare;
    Machine machine(subject.setting, image, prepared.keys, [&](std::shared_ptr<sys::System> inner) {
      rare = std::make_shared<Rare>(std::move(inner), 1'000'000);
      return rare;
    });
    if (!subject.opens_store) machine.store = machine.open();
    if (subject.ready) subject.ready(machine);
    rare->left = number;
    bool threw = false;
    Answer answer;
    try {
      answer = subject.run(machine);
    } catch (const IoError& error) {
      threw = true;
      CHECK(error.error_number() == EIO);
    }
    const bool fired = rare->fired;
    rare->left = 1'000'000;
    CHECK(answer.wrong == "");
    if (fired && !subject.opens_store) CHECK((threw || answer.admits_errors));
    CHECK(subject.run(machine).outcome == Outcome::ok);
    machine.let_go();
    CHECK(machine.fake->leaks().none());
    const GcReport swept = machine.sweep();
    CHECK(swept.complete);
    CHECK(swept.errors == 0);
    CHECK(machine.strays() == std::vector<std::string>{});
    for (const char* name : {"/quarantine/probe", "/quarantine/probe.other"})
      CHECK_FALSE(machine.fake->exists(store_path + std::string(name)));
    if (!fired) return number - first;
  }
}

TEST_CASE("a file that was made although open answered an error is swept, or made again") {
  std::size_t faults = 0;
  for (const auto& subjects : {first_commits, commits, commits_by_rename, stores})
    for (const Subject& subject : subjects()) faults += run_all<MadeAllTheSame>(subject, 1);
  MESSAGE(faults, " files");
  CHECK(faults >= 28);
}

TEST_CASE("a directory that cannot be read to its end is not taken for one that was") {
  std::size_t faults = 0;
  for (const auto& subjects : {listings, sweeps})
    for (const Subject& subject : subjects()) faults += run_all<CutShort>(subject, 0);
  MESSAGE(faults, " listings");
  CHECK(faults >= 25);
}

}  // namespace
}  // namespace sess::test
