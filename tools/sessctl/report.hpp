// How sessctl says that something went wrong: one line on standard error and an exit code. Every sess::Error and every
// outcome that is not ok gets both here and nowhere else.
#pragma once

#include "exit_codes.hpp"
#include "output.hpp"

#include <sess/error.hpp>
#include <sess/result.hpp>
#include <sess/session_id.hpp>
#include <sess/store.hpp>

#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace sessctl {

/// Writes "sessctl: <text>" to standard error, as one line whatever is in the text. Never throws.
void complain(std::string_view text) noexcept;

/// Says what the exception was; answers the exit code for it.
ExitCode report(const std::exception_ptr& exception) noexcept;

/// Does the work, prints what is left in `out`, and then says what went wrong in either: on a terminal the reason comes
/// after what it is about. The code is that of the first that went wrong.
ExitCode finish(Output& out, const std::function<ExitCode()>& work) noexcept;

/// For StoreOptions::on_event: a record was recovered or quarantined.
void report_event(const sess::Event& event);

/// Returns if what was asked for has taken effect and is as durable as asked. Throws Failure otherwise: the
/// `operation` ("set values of session") of the session did not happen, and why.
void require(const sess::Status& status, std::string_view operation, const sess::SessionKey& key);
/// The same, where the session was looked for: one whose record was damaged and is in quarantine is not told as one
/// that never was (ExitCode::data).
void require(const sess::Store& store, const sess::Status& status, std::string_view operation,
             const sess::SessionKey& key);

/// What a fault of the system means for the user of the command.
ExitCode exit_code_of(int error_number) noexcept;
std::string_view advice_on(int error_number) noexcept;
/// For advice_on, where only words tell what has failed.
inline constexpr int number_not_known = 0;
/// The same; of a part of the store that is missing, by which one it is, and of what may not be used, by whose it is.
std::string advice_on(const sess::IoError& error);

}  // namespace sessctl
