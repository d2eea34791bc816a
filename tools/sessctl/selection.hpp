// Which sessions a command is about, where it is about many: options of ls and rm.
#pragma once

#include "command_line.hpp"
#include "session_facts.hpp"

#include <sess/store.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>

namespace sessctl {

/// For how long a session has not been used, at least: a use that moves its deadline by less than a tenth of the idle
/// timeout is not written down, and near the absolute deadline none is.
std::chrono::milliseconds least_idle(const sess::SessionFacts& facts, Clock::time_point now) noexcept;

/// Must outlive the command line that its options were added to.
class Selection {
 public:
  void add_options(CommandLine& line);
  /// --locked: not for commands that would wait for these locks.
  void add_locked_option(CommandLine& line);
  /// --state: for commands that only look. visit shows what has ended, too, where that is asked for.
  void add_state_option(CommandLine& line);
  /// After CommandLine::parse. Throws Failure (usage) for an option whose argument means nothing.
  void take(const CommandLine& line);

  /// Nothing is said: every session.
  bool is_empty() const noexcept { return !principal_ && !is_locked_ && !state_ && !has_conditions(); }
  const std::optional<std::string>& principal() const noexcept { return principal_; }
  /// Something other than live ones may be shown.
  bool has_state() const noexcept { return state_.has_value(); }
  /// Something is said beside the principal.
  bool has_conditions() const noexcept { return kind_ || older_than_ || idle_more_than_ || larger_than_ || is_sealed_; }
  bool matches(const sess::SessionFacts& facts, Clock::time_point now) const;

  /// Calls `visit` for each live session that is meant, a locked one if it was when the visit began, until it answers
  /// false; and for each whose record cannot be read: whether that is meant nobody can tell. With --state for those of
  /// that state instead.
  /// `on_error` as of sess::ListOptions. Throws Failure (busy) if the list of a principal is locked.
  void visit(const sess::Store& store, const std::function<bool(const sess::SessionEntry&)>& visit,
             const std::function<void(const std::exception_ptr&)>& on_error) const;

 private:
  std::optional<std::string> principal_;
  std::optional<std::string> kind_text_;
  std::optional<sess::SessionKind> kind_;
  std::optional<std::chrono::milliseconds> older_than_;
  std::optional<std::chrono::milliseconds> idle_more_than_;
  std::optional<std::string> larger_than_text_;
  std::optional<std::uint64_t> larger_than_;  // bytes
  bool is_sealed_ = false;
  bool is_locked_ = false;
  std::optional<std::string> state_;
};

}  // namespace sessctl
