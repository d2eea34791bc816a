// Another process that looks at a file of a trial.
#pragma once

#include <sess/trial.hpp>

#include <string>

namespace sessctl {

/// Forks a process that opens the file, tries its lock and keeps it, and kills that. It does not outlive this one. For
/// sess::try_file_system, in a process with one thread. Throws Failure (io).
sess::TrialSight look_from_elsewhere(const std::string& path);

}  // namespace sessctl
