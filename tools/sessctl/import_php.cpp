#include "import_php.hpp"

#include "failure.hpp"
#include "progress.hpp"
#include "session_facts.hpp"

#include <sess/transfer.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace sessctl {
namespace {

/// The ID that the map has for this session of PHP, or a new one that it has from now on. In the map before the session
/// is in the store: after a kill in between, the next import makes that session and no second one.
/// None if an import has made that already, and gone to its end: if it is not there, its visitor has logged out.
std::optional<sess::SessionId> id_for(const PhpFile& file, PhpMap& map, const sess::Store& store) {
  if (const PhpMap::Entry* const known = map.find(file.id)) {
    auto id = store.parse(known->id);
    if (id && known->is_made) return std::nullopt;
    if (id) return *std::move(id);
    throw Failure(ExitCode::data, "import", "", "the map is of another store, which has other IDs",
                  "name another file with --map");
  }
  sess::SessionId id = *store.create().id();
  map.add(file.id, id.reveal());
  return id;
}

}  // namespace

std::vector<std::string> import_php(const PhpFiles& files, PhpMap& map, const PhpImport& how, const sess::Store& store,
                                    ImportResult& result) {
  const sess::Restoration into(store);
  std::vector<std::string> failed;
  Progress progress("files");
  std::uint64_t count = 0;
  const auto take = [&](const PhpFile& file) {
    progress.show(++count);
    const std::string label = php_label(file.id);
    PhpVariables variables;
    try {
      variables = how.handler ? parse_php_session(file.content, *how.handler) : parse_php_session(file.content);
    } catch (const InvalidPhp& error) {
      return result.refuse(ExitCode::data, label, error.what(), "the others are imported");
    }
    if (variables.left_out > 0 && !how.skips_objects)
      return result.refuse(
          ExitCode::data, label,
          fmt::format("it holds {}{}", variables.first_left_out,
                      variables.left_out > 1 ? fmt::format(" and {} more of such", variables.left_out - 1) : ""),
          "--skip-objects imports the rest of it");
    if (variables.values.empty()) return result.pass_over_empty();
    // PHP says when it was used last, and nothing of when it was made.
    const Clock::time_point now = std::chrono::floor<std::chrono::milliseconds>(Clock::now());
    const Clock::time_point created = std::min(file.modified, now);
    const Clock::time_point absolute = created + how.lifetime;
    const Clock::time_point deadline = std::min(created + how.idle_timeout, absolute);
    if (deadline <= now) return result.pass_over_expired();
    const auto id = id_for(file, map, store);
    if (!id) return result.pass_over_made();
    const bool settled = result.restore(into,
                                        {.key = id->key(),
                                         .created = created,
                                         .idle_timeout = how.idle_timeout,
                                         .deadline = deadline,
                                         .absolute_deadline = absolute,
                                         .values = std::move(variables.values)},
                                        label);
    if (!settled) failed.push_back(file.id);
  };
  files.visit(take, [&](const PhpRefusal& refusal) {
    result.refuse(refusal.code, refusal.label, refusal.why, refusal.advice);
  });
  return failed;
}

}  // namespace sessctl
