// What systemd-tmpfiles would delete (tmpfiles.d(5)).
#pragma once

#include "machine_files.hpp"

#include <optional>
#include <string>

namespace sessctl {

struct Cleaning {
  std::string file;  // that says so
  std::string line;
  bool at_boot = false;  // all of it; else what is older than an age
};

/// The line by which this absolute path is cleaned, if there is one. Lines with specifiers (%) are passed over.
std::optional<Cleaning> cleaning_of(const std::string& path, const MachineFiles& files);

}  // namespace sessctl
