// The sweep of one store as `gc` makes it: the library's, the command that is given what it removes, and the end of
// what has been in quarantine for long enough.
#pragma once

#include "exit_codes.hpp"
#include "output.hpp"
#include "own_process.hpp"

#include <sess/gc.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace sessctl {

struct Sweep {
  sess::GcOptions options;
  std::optional<std::string> on_expire;
  std::optional<std::chrono::milliseconds> quarantine_age;  // from which on quarantine is purged
  bool quiet = false;
  bool json = false;
  bool is_one_of_several = false;
  const Message* counts = nullptr;  // gets them as metrics, if there are any
};

/// Becomes the store's owner where this is root. Prints what it did, then says all that somebody has to look at; the
/// code is that of the first of these. Throws Failure where nothing was swept.
ExitCode sweep_store(const Sweep& sweep, const std::string& path, Output& out);

}  // namespace sessctl
