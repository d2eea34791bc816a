// One operation, run once for each fault that it can meet; each time everything is looked at afterwards.
#pragma once

#include "subject.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {

struct Tally {
  std::size_t calls = 0;           // of a run in which nothing goes wrong
  std::size_t visited = 0;         // of them, those that were struck
  std::size_t runs = 0;            // with a fault in each
  std::size_t failed = 0;          // of them, those in which the operation did not answer ok
  std::size_t disks = 0;           // that a power cut after a run could have left, looked at
  std::vector<std::string> wrong;  // one line each, naming subject and fault
};

/// How much is done: see each.
struct Effort {
  bool every_call = false;        // also of many that are the same; see visited_calls
  std::size_t sweep_stride = 32;  // sweep after one run of so many, besides after those that leave something to sweep
  std::size_t disks = 8;          // at most so many for each power cut
};

/// `breaking`, if given, breaks the system on purpose: then something should be wrong.
Tally fail_everywhere(const Subject& subject, const Effort& effort, const Breaking& breaking = nullptr);

}  // namespace sess::test
