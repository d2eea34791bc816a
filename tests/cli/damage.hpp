// What is done to the files of a store behind its back, and whether anybody has touched them since.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace cli {

/// Changes the last byte of a file; fails the test where that cannot be done.
void damage(const std::filesystem::path& file);

/// Puts so many files into the quarantine of a store, each as what was left of a record.
void fill_quarantine(const std::filesystem::path& store, unsigned count);

/// As if the last sweep of a store, which there must have been, had ended earlier by that.
void set_last_sweep_back(const std::filesystem::path& store, std::chrono::milliseconds by);

/// As if the last sweep of a store, which there must have been, had been when the clock was 49 hours behind what it
/// says now. False where a clock that was set ahead is not noticed, because the boot ID is not known; it says so.
bool set_clock_ahead(const std::filesystem::path& store);

/// Name, content and status of everything below a directory.
std::map<std::string, std::string> tree(const std::filesystem::path& directory);

}  // namespace cli
