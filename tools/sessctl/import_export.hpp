// Sessions of what `sessctl export` has printed.
#pragma once

#include "import_result.hpp"
#include "input_lines.hpp"

#include <sess/store.hpp>

#include <cstdint>

namespace sessctl {

/// Makes the sessions in the store; nothing is synced. Throws Failure where this is no export, or one of a store with
/// another keyring, before anything is made of it. `size_limit` is what was the limit of the lines made of
/// (longest_line).
void import_export(InputLines& input, const sess::Store& store, std::uint64_t size_limit, ImportResult& result);

}  // namespace sessctl
