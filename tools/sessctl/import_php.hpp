// Sessions of PHP's session files. What they become has new IDs: PHP's are not signed, so no store accepts them.
#pragma once

#include "import_result.hpp"
#include "php_files.hpp"
#include "php_map.hpp"
#include "php_serialize.hpp"

#include <sess/store.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sessctl {

struct PhpImport {
  std::optional<PhpHandler> handler;  // without one it is recognised
  bool skips_objects = false;         // they are left out, and the rest is imported; else such a file is refused
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds lifetime;
};

/// Makes the sessions in the store; nothing is synced. A file that is in the map already gets the session that this
/// names, unless an import that went to its end has made it. Answers PHP's IDs of those in the map that could not be
/// made. Throws Failure where a directory or the map fails, or the map is of another store; sess::IoError.
std::vector<std::string> import_php(const PhpFiles& files, PhpMap& map, const PhpImport& how, const sess::Store& store,
                                    ImportResult& result);

}  // namespace sessctl
