#include "cli/move.hpp"

#include <filesystem>

#include <doctest/doctest.h>

namespace cli {

void Move::copy_keyring() const {
  std::filesystem::copy_file(from.directory() / "store" / "keys", to.directory() / "store" / "keys",
                             std::filesystem::copy_options::overwrite_existing);
}

Finished Move::import(const std::string& text) const {
  Start start = to.start({"import", "--json"});
  start.input = text;
  return run(start);
}

std::string counts(int imported, int unchanged, int kept, int expired, int failed) {
  return "{\"imported\":" + std::to_string(imported) + ",\"unchanged\":" + std::to_string(unchanged) +
         ",\"kept\":" + std::to_string(kept) + ",\"expired\":" + std::to_string(expired) +
         ",\"empty\":0,\"failed\":" + std::to_string(failed) + "}\n";
}

sess::SessionId make(const sess::Store& store, const sess::Values& values, const sess::CreateOptions& options) {
  sess::Session session = store.create(options);
  for (const auto& [name, value] : values) session.set(name, value);
  REQUIRE(session.commit());
  return *session.id();
}

}  // namespace cli
