// The two halves of the proof with real file systems; scripts/proof-power runs them around a power cut.
//
//   power load STORE LEDGER LEVELS SEED [BREAKAGE]     LEVELS: durable, relaxed, mixed, scrubbed, with commas; or early
//   power verify STORE LEDGER BEFORE AFTER [look]      lengths of the ledger before and after the cut, in bytes
// The shared support of the tests is linked whole, and parts of it are written for doctest.
#define DOCTEST_CONFIG_IMPLEMENT
#include "load.hpp"
#include "verify.hpp"

#include <doctest/doctest.h>

#include <exception>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace sess::test::power;

constexpr int usage_status = 2;

std::vector<Level> levels_named(const std::string& names) {
  std::vector<Level> levels;
  std::istringstream words(names);
  for (std::string name; std::getline(words, name, ',');) {
    for (int i = 0; i < level_count; ++i)
      if (to_string(static_cast<Level>(i)) == name) levels.push_back(static_cast<Level>(i));
  }
  if (levels.empty()) throw std::invalid_argument("no level is named " + names);
  return levels;
}

int run(const std::vector<std::string>& words) {
  if (words.size() >= 5 && words[0] == "load") {
    const auto breakage = breakage_named(words.size() > 5 ? words[5] : "none");
    if (!breakage) throw std::invalid_argument("no breakage is named " + words[5]);
    const auto levels = levels_named(words[3]);
    // Durable commits are neighbours enough to the others, and would be helped by them.
    const bool neighbours = levels == std::vector{Level::relaxed} || levels == std::vector{Level::early};
    return run_load({.store = words[1],
                     .ledger = words[2],
                     .levels = levels,
                     .seed = std::stoull(words[4]),
                     .breakage = *breakage,
                     .early_writeback = levels == std::vector{Level::early},
                     .renaming = levels == std::vector{Level::scrubbed},
                     .neighbours = neighbours});
  }
  if (words.size() >= 5 && words[0] == "verify")
    return run_verify({.store = words[1],
                       .ledger = words[2],
                       .before = std::stoull(words[3]),
                       .after = std::stoull(words[4]),
                       .use = words.size() == 5});
  std::cerr << "usage: power load STORE LEDGER LEVELS SEED [BREAKAGE]\n"
               "       power verify STORE LEDGER BEFORE AFTER [look]\n";
  return usage_status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "power: " << error.what() << '\n';
    return 1;
  }
}
