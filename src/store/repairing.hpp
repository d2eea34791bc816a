// What repair does about one finding.
#pragma once

#include <sess/repair.hpp>
#include <sess/store.hpp>

#include <optional>

namespace sess {

/// Acts on it by what there is now, under the locks of the protocol; nothing where it has been put right meanwhile.
/// What fails is an answer.
std::optional<Repaired> repair_finding(const Store& store, const Finding& finding, bool dry_run);

}  // namespace sess
