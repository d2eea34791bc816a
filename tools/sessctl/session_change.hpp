// A change of one session's values from the command line: what set, unset and incr have in common.
//
//   SessionChange change(line);
//   if (!line.parse()) return ExitCode::ok;
//   line.require_operands(1, most, "at least one name");
//   change.find_session();                       // line.operands() are the others from here on
//   change.commit("unset values of session", [&](sess::Editor& editor) { ... });
#pragma once

#include "command_line.hpp"

#include <sess/editor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sessctl {

/// What --json prints of what was done to a session.
std::string outcome_line(const sess::SessionKey& key, const sess::Status& status);

class SessionChange {
 public:
  /// Adds --id, --renew and --wait. `line` outlives this.
  explicit SessionChange(CommandLine& line);

  /// Opens the store. Throws Failure.
  void find_session();
  /// One durable commit; `change` may run more than once. Throws Failure where it did not take effect.
  sess::Status commit(std::string_view operation, const std::function<void(sess::Editor&)>& change);
  const sess::SessionKey& key() const { return session_->key; }

 private:
  CommandLine& line_;
  bool renew_ = false;
  std::optional<sess::Store> store_;
  std::optional<NamedSession> session_;
};

}  // namespace sessctl
