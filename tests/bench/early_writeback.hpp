// What StoreOptions::early_writeback costs those who make sessions.
#pragma once

#include <string>

namespace sess::bench {

/// Below a directory, many sessions are made and changed once, by one process and by two, with the option and without
/// it in turns. Prints medians, the slowest hundredth and the worst.
void compare_early_writeback(const std::string& below);

}  // namespace sess::bench
