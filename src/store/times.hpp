// Wall-clock times of the API and of records, and the deadlines made of them.
#pragma once

#include "backend/record_store.hpp"
#include "format/header.hpp"

#include <sess/error.hpp>
#include <sess/result.hpp>
#include <sess/snapshot.hpp>
#include <sess/store.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sess {

inline std::chrono::system_clock::time_point to_time_point(std::int64_t milliseconds) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

inline std::int64_t to_milliseconds(std::chrono::system_clock::time_point time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

inline SessionFacts to_facts(const backend::Version& version) {
  const format::Header& header = version.header;
  return {header.kind,
          header.generation,
          to_time_point(header.created),
          to_time_point(version.deadline),
          to_time_point(header.absolute_deadline),
          std::chrono::milliseconds(header.idle_timeout),
          header.successor == SessionKey() ? std::nullopt : std::optional(header.successor),
          header.sealed,
          format::header_size + version.header.payload_size};
}

/// As a listing shows it; the facts are all zero but the size where there is a problem.
inline SessionEntry to_entry(const backend::Listed& listed) {
  if (!listed.version) return {listed.key, {.size = listed.size}, listed.problem};
  return {listed.key, to_facts(*listed.version), {}};
}

/// Longer than any session, and short enough that no sum of times leaves 64 bits.
inline constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours(24) * 36525;  // a hundred years

/// The same wait, or the longest there is; what is negative is none.
inline std::chrono::milliseconds bounded(std::chrono::milliseconds timeout) {
  return std::clamp(timeout, std::chrono::milliseconds::zero(), longest_timeout);
}

/// Throws UsageError unless it is positive and at most a hundred years.
inline void check_timeout(std::chrono::milliseconds timeout, const char* what) {
  if (timeout.count() <= 0 || timeout > longest_timeout)
    throw UsageError(std::string(what) + " must be positive and at most a hundred years");
}

/// When a session that is used now expires.
inline std::int64_t renewed_deadline(const format::Header& header, std::int64_t now) {
  return std::min(now + header.idle_timeout, header.absolute_deadline);
}

/// A renewal that gains less than a tenth of the idle timeout is not worth a write.
inline bool renewal_is_due(const backend::Version& version, std::int64_t now) {
  const std::int64_t gain = renewed_deadline(version.header, now) - version.deadline;
  return gain > 0 && gain >= version.header.idle_timeout / 10;
}

/// ok, expired or superseded. An expired session is never returned, swept or not.
inline Outcome usability(const backend::Version& version, std::int64_t now) {
  if (version.deadline <= now || version.header.state == format::RecordState::forward) return Outcome::expired;
  return version.header.state == format::RecordState::live ? Outcome::ok : Outcome::superseded;
}

/// What a caller who saw the session alive is told of its end.
inline Outcome as_gone(Outcome outcome) {
  return outcome == Outcome::absent || outcome == Outcome::expired ? Outcome::gone : outcome;
}

/// Of two steps that took effect the outcome that says less: durability_unknown, if one of them is.
inline Outcome worse(Outcome left, Outcome right) { return left == Outcome::ok ? right : left; }

}  // namespace sess
