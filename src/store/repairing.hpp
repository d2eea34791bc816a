// What repair does about one finding.
#pragma once

#include <sess/repair.hpp>
#include <sess/store.hpp>

#include <vector>

namespace sess {

/// Acts on it by what there is now, under the locks of the protocol; nothing where it has been put right meanwhile.
/// What fails is an answer, and so is what is then left for a person.
std::vector<Repaired> repair_finding(const Store& store, const Finding& finding, bool dry_run);

}  // namespace sess
