// Two stores, and what goes from one to the other.
#pragma once

#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <string>

namespace cli {

/// A store and another one with the same keyring.
struct Move {
  TestStore from;
  TestStore to;

  Move() { copy_keyring(); }
  void copy_keyring() const;
  sess::Store opened() const { return sess::Store::open(from.path()); }
  std::string exported() const { return from.ok({"export"}) + "\n"; }
  Finished import(const std::string& text) const;
};

/// What an import prints with --json.
std::string counts(int imported, int unchanged, int kept = 0, int expired = 0, int failed = 0);

sess::SessionId make(const sess::Store& store, const sess::Values& values, const sess::CreateOptions& options = {});

}  // namespace cli
