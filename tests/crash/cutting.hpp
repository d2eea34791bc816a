// Cuts the power between any two calls of a program, and starts again from what is left.
//
// A scenario is run as often as its program makes calls: each time the machine stops before another one, and every disk
// that the cut may leave, within the bound of support/power_cut.hpp, is started from. Where there are too many, a
// sample is (the seed is the number of the cut), and the line that is printed says so.
#pragma once

#include "machine.hpp"
#include "support/broken_system.hpp"
#include "support/disk_image.hpp"

#include <sess/sess.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace sess::test {

struct Counts {
  std::uint64_t calls = 0;       // before each of them the power was cut
  std::uint64_t cuts = 0;        // of them, those before which something had changed: the disk, or what was answered
  std::uint64_t exhaustive = 0;  // of the cuts, those of which every disk was started from
  std::uint64_t disks = 0;       // started from
  double possible = 0;           // of all cuts
  std::uint64_t second = 0;      // of the disks, those left by another cut, in a recovery
  std::uint64_t recovered = 0;   // disks on which a record did not verify
  std::uint64_t older = 0;       // with an earlier version than the acknowledged one
  std::uint64_t gone = 0;        // without the session though it was acknowledged
  std::uint64_t broken = 0;      // an older version, or none, against what was promised
  std::uint64_t back = 0;        // with a session whose end was acknowledged
  std::uint64_t wrong = 0;       // anything else: torn, mixed, never written, unreadable, of no use
};

using Judge = std::function<void(const DiskImage&, const Machine&, Counts&)>;

/// What is promised of the machine's one session; and that what came back can be worked with, and ends like any other.
void judge_session(const DiskImage& image, const Machine& machine, Counts& counts);
/// The same; and where it takes a recovery, that is cut as well, everywhere, and so is the commit after it.
void judge_recovery(const DiskImage& image, const Machine& machine, Counts& counts);

struct Scenario {
  std::string name;
  Program program;
  StoreOptions options = {};
  std::size_t sector_size = default_sector_size;  // bytes
  Judge judge = judge_session;
  Breakage breakage = Breakage::none;
  bool makes_store = true;   // before the program; or the program does
  std::uint64_t stride = 1;  // every so manieth call is cut at
  std::uint64_t disks = 0;   // of one cut, at most; 0: what suits the run
  std::uint64_t file_system_type = fake_type;
};

/// Prints a line.
Counts cut_everywhere(const Scenario& scenario);
/// The same, and checks that nothing is wrong, back, or against a promise, and that there were at least so many disks
/// (without a sanitizer).
Counts check_everywhere(const Scenario& scenario, std::uint64_t least_disks);

}  // namespace sess::test
