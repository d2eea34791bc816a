// A site in PHP with session files, and a store that they are imported into.
#pragma once

#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace cli {

struct Php {
  TestStore store;
  std::filesystem::path directory = store.directory() / "php";  // the session files
  std::string map = store.directory() / "map";

  Php();
  /// One request with such a cookie, to Debian's php-cgi: what the script stores depends on its first letters. The
  /// session file.
  std::filesystem::path request(const std::string& id, const std::string& handler = "php",
                                const std::string& precision = "-1") const;
  Finished import(std::vector<std::string> options = {}) const;
  /// By PHP's ID; empty if the map has none.
  std::string new_id(const std::string& php_id) const;
  std::string map_text() const;
  sess::Snapshot session(const std::string& php_id) const;

  /// What an import prints with --json.
  static nlohmann::json counts(int imported, int failed, int unchanged = 0, int empty = 0, int expired = 0);
};

}  // namespace cli
