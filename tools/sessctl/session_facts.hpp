// The facts of a session as `ls`, `show` and `create` print them with --json: the same fields everywhere.
#pragma once

#include "json_value.hpp"

#include <sess/locks.hpp>
#include <sess/store.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sessctl {

using Clock = std::chrono::system_clock;

/// "anonymous" or "authenticated".
std::string_view kind_name(sess::SessionKind kind) noexcept;

/// "live", "superseded", "expired", or "unreadable".
std::string_view state_name(const sess::SessionEntry& entry) noexcept;

/// From `from` to `to`; the times may be any that a record can hold.
std::chrono::milliseconds between(Clock::time_point from, Clock::time_point to) noexcept;

/// Milliseconds since 1970-01-01 00:00 UTC, rounded down.
std::int64_t unix_ms(Clock::time_point time) noexcept;

/// Adds kind, generation, created, deadline, absolute_deadline, idle_timeout_ms, age_ms, idle_left_ms and sealed.
void add_facts(JsonLine& line, const sess::SessionFacts& facts, Clock::time_point now);

/// What the process calls itself, for a line of a table.
std::string command_text(const sess::LockUser& user);

}  // namespace sessctl
