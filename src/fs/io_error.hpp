// Turns a negated errno into IoError.
#pragma once

#include <sess/error.hpp>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace sess::fs {

[[noreturn]] inline void throw_io(const char* operation, std::string path, std::int64_t negated_errno) {
  throw IoError(operation, std::move(path), static_cast<int>(-negated_errno));
}

/// No inode or block is left, for this user or at all.
inline bool out_of_space(int error_number) noexcept { return error_number == ENOSPC || error_number == EDQUOT; }

}  // namespace sess::fs
