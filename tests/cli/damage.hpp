// What is done to the files of a store behind its back, and whether anybody has touched them since.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace cli {

/// Changes the last byte of a file; fails the test where that cannot be done.
void damage(const std::filesystem::path& file);

/// Name, content and status of everything below a directory.
std::map<std::string, std::string> tree(const std::filesystem::path& directory);

}  // namespace cli
