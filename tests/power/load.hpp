// The load: several processes at work on one store, until they are told to stop or the file system ends under them.
//
// Spoken to through its standard streams, so that nobody has to guess when it is where. After a bounded number of
// operations it syncs the file system, as the kernel does by itself twice a minute; after as many more it prints `cut`
// and goes on working. The line `next` on its standard input asks for another such round; the end of the input stops
// it.
#pragma once

#include "breakage.hpp"
#include "ledger.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sess::test::power {

struct LoadOptions {
  std::string store;   // made if it is not there
  std::string ledger;  // outside the image
  std::vector<Level> levels;
  int workers = 4;
  std::uint64_t operations = 400;  // before the sync, and again between the sync and the word
  std::uint64_t seed = 1;
  Breakage breakage = Breakage::none;
  bool early_writeback = false;
  bool renaming = false;    // every other worker replaces by rename alone
  bool neighbours = false;  // each worker also syncs a file of its own beside the store, now and then
};

/// 0: stopped when it was told to. 3: the file system ended under all that was still at work. 1: anything else.
int run_load(const LoadOptions& options);

}  // namespace sess::test::power
