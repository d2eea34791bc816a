// The stamp of a version: what a file's modification time says (PROTOCOL.md, "mtime").
//
// mtime is the deadline, to the millisecond. Below the millisecond it holds generation mod 1,000,000, so that
// (inode, mtime) names one version, and a snapshot that has read while a commit went on can tell.
#pragma once

#include "sys/system.hpp"

#include <algorithm>
#include <cstdint>

namespace sess::backend {

inline constexpr std::uint64_t digits_range = 1'000'000;

inline sys::FileTime stamp(std::int64_t deadline, std::uint64_t generation) {
  const std::int64_t second = deadline / 1000;
  const auto millisecond = static_cast<std::uint32_t>(deadline % 1000);
  return {second, millisecond * 1'000'000U + static_cast<std::uint32_t>(generation % digits_range)};
}

inline std::int64_t deadline_of(sys::FileTime time) {
  // Anybody may have set the times of a file: no more than any header says.
  constexpr std::int64_t limit = (std::int64_t{1} << 48) / 1000;
  return std::clamp(time.seconds, std::int64_t{0}, limit) * 1000 +
         static_cast<std::int64_t>(time.nanoseconds / 1'000'000);
}

inline std::uint64_t digits_of(sys::FileTime time) { return time.nanoseconds % digits_range; }

/// The generation nearest to a known one that ends in these digits.
inline std::uint64_t generation_by_digits(std::uint64_t known, std::uint64_t digits) {
  const std::uint64_t candidate = known - known % digits_range + digits;
  if (candidate + digits_range / 2 < known) return candidate + digits_range;
  if (candidate > known + digits_range / 2 && candidate >= digits_range) return candidate - digits_range;
  return candidate;
}

/// A generation that unverified bytes claim counts only if writers could have got there. Each that died raised it by
/// one, or by half a million where it took the times of a file that had not been stamped yet for digits. Anything
/// farther away is damage, and believing it could run the counter over.
inline std::uint64_t plausible_generation(std::uint64_t known, std::uint64_t claimed) {
  constexpr std::uint64_t farthest = std::uint64_t{1} << 40;
  return claimed > known && claimed - known <= farthest ? claimed : known;
}

}  // namespace sess::backend
