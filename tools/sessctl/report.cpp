#include "report.hpp"

#include "escape.hpp"
#include "failure.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "refusal.hpp"
#include "styled_text.hpp"

#include <sess/error.hpp>
#include <sess/quarantine.hpp>

#include <algorithm>
#include <cerrno>
#include <new>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

namespace sessctl {
namespace {

constexpr std::string_view report_bug = "this is a bug; please report it with the command that was run";

constexpr std::string_view repair_makes_it = "a part of the store is missing: 'sessctl repair' makes it again";

/// False also where that cannot be read.
bool is_in_quarantine(const sess::Store& store, const sess::SessionKey& key) {
  try {
    // Of a copy, whose name goes on with another character, the session stayed.
    const std::string beginning = key.to_string() + ".";
    const auto names = sess::Quarantine(store).names();
    return std::ranges::any_of(names, [&](const auto& each) { return each.name.starts_with(beginning); });
  } catch (const sess::Error&) {
    return false;
  }
}

/// 0: it is not known, or the lock is free by now.
int holder_of(const sess::Store& store, const sess::SessionKey& key) {
  try {
    const auto uses = store.lock_uses().sessions;
    const auto found = std::ranges::find(uses, key, &sess::LockUse::key);
    return found == uses.end() || found->holders.empty() ? 0 : found->holders.front().process;
  } catch (const sess::Error&) {
    return 0;
  }
}

ExitCode say(ExitCode code, std::string_view what, std::string_view advice) {
  complain(with_advice(what, advice));
  return code;
}

}  // namespace

void complain(std::string_view text) noexcept {
  try {
    Progress::hide();
    const std::string safe = without_controls(text);
    const std::string line = "sessctl: " + (is_ascii_terminal(STDERR_FILENO) ? ascii_only(safe) : safe) + "\n";
    // In one call, so that the lines of parallel commands do not mix. If standard error is gone, nobody is there to
    // be told.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  } catch (const std::bad_alloc&) {
    constexpr std::string_view line = "sessctl: out of memory\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  }
}

ExitCode exit_code_of(int error_number) noexcept {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return ExitCode::no_permission;
    case ENOENT:  // a session that is not there is an outcome: this is a part of the store
      return ExitCode::config;
    default:
      return ExitCode::io;
  }
}

std::string_view advice_on(int error_number) noexcept {
  switch (error_number) {
    case EACCES:
    case EPERM:
      return "run sessctl as the user who owns the store";
    case ENOENT:
      return "a part of the store is missing: restore it from a backup";
    case ELOOP:
      return "a symbolic link stands in the place of a file: 'sessctl verify' names it";
    case ENOTDIR:
      return "something else stands in the place of a directory: 'sessctl verify' names it";
    case ESPIPE:
    case ENXIO:
      return "a pipe, a socket or a device stands in the place of a file: 'sessctl verify' names it";
    case EISDIR:
      return "a directory is where a file should be: move it away, then try again";
    case EFBIG:
      return "raise the limit of file size (ulimit -f), then try again";
    case ENOSPC:
      return "free some space or inodes, then try again";
    case EDQUOT:
      return "raise the owner's quota or remove files, then try again";
    case EROFS:
      return "mount the file system read-write, then try again";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n), then try again";
    case EIO:
      return "check the disk and the kernel's log";
    case ENOLCK:
    case EOPNOTSUPP:
      return "move the store to a file system that supports flock";
    default:
      return "check the file system that holds the store";
  }
}

std::string advice_on(const sess::IoError& error) {
  const std::string_view path = error.path();
  const int number = error.error_number();
  // Without these a store cannot be opened, and so not be repaired either.
  const bool is_needed = path.ends_with("/store") || path.ends_with("/keys") || path.ends_with("/shards");
  if (number == ENOENT && !is_needed) return std::string(repair_makes_it);
  if ((number == ELOOP || number == ENOTDIR) && is_needed)
    return "something else stands in its place: put back what was there";
  if (exit_code_of(number) == ExitCode::no_permission) return advice_on_refusal(error.path());
  return std::string(advice_on(number));
}

ExitCode report(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const Failure& failure) {
    complain(failure.what());
    return failure.code();
  } catch (const OutputClosed&) {
    return ExitCode::output_closed;
  } catch (const sess::IoError& error) {
    return say(exit_code_of(error.error_number()), error.what(), advice_on(error));
  } catch (const sess::CorruptRecord& error) {
    return say(ExitCode::data, error.what(),
               "the file was left as it is: see 'sessctl verify'; remove it only if the session is not needed");
  } catch (const sess::UnsupportedRecord& error) {
    return say(ExitCode::data, error.what(), "the file was left as it is; use a newer version of sessctl");
  } catch (const sess::SealedRecord& error) {
    return say(ExitCode::no_permission, error.what(), "give the ID with --id -");
  } catch (const sess::TooLarge& error) {
    return say(ExitCode::data, error.what(), "nothing was written; store less in this session");
  } catch (const sess::TypeMismatch& error) {
    return say(ExitCode::data, error.what(), "nothing was written; look at the value with 'sessctl get'");
  } catch (const sess::StoreError& error) {
    // Found when the store was open already: its file "gc". What is said of the file "keys" has advice of its own.
    const bool damaged = error.reason() == sess::StoreError::Reason::damaged;
    return say(ExitCode::config, error.what(),
               damaged ? repair_makes_it : "check that --store names the right directory");
  } catch (const std::bad_alloc&) {
    return say(ExitCode::io, "out of memory", "raise the limit of memory (ulimit -v), or ask for less at once");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again)
      return say(ExitCode::internal, error.what(), report_bug);
    return say(ExitCode::io, "start thread: " + error.code().message(),
               "raise the limit of processes (ulimit -u) or of memory (ulimit -v), or use fewer (--jobs)");
  } catch (const std::exception& error) {  // sess::UsageError and whatever else nobody expected
    return say(ExitCode::internal, error.what(), report_bug);
  } catch (...) {
    return say(ExitCode::internal, "unknown exception", report_bug);
  }
}

ExitCode finish(Output& out, const std::function<ExitCode()>& work) noexcept {
  ExitCode code = ExitCode::ok;
  std::exception_ptr failure;
  std::exception_ptr of_output;
  try {
    code = work();
  } catch (...) {
    failure = std::current_exception();
  }
  try {
    out.flush();
  } catch (...) {
    of_output = std::current_exception();
  }
  if (failure) code = report(failure);
  if (of_output) {
    const ExitCode second = report(of_output);
    if (code == ExitCode::ok) code = second;
  }
  return code;
}

void report_event(const sess::Event& event) {
  const bool recovered = event.kind == sess::Event::Kind::recovered;
  if (!recovered && event.kind != sess::Event::Kind::quarantined) return;  // outcomes say the rest
  const std::string what = event.key ? "session" : "principal";
  const sess::SessionKey key = event.key ? *event.key : event.principal.value_or(sess::SessionKey());
  complain(fmt::format("read {} \"{}\": {}; {}", what, key.to_string(), event.detail,
                       recovered ? "what was changed after that version is lost"
                                 : "it is gone, and 'sessctl quarantine' shows what was kept of it"));
}

void require(const sess::Status& status, std::string_view operation, const sess::SessionKey& key) {
  const auto fail = [&](ExitCode code, std::string_view cause, std::string_view advice) {
    throw Failure(code, operation, key.to_string(), cause, advice);
  };
  constexpr std::string_view list = "'sessctl ls' lists the sessions there are";
  switch (status.outcome()) {
    case sess::Outcome::ok:
      return;
    case sess::Outcome::absent:
      return fail(ExitCode::absent, "no such session", list);
    case sess::Outcome::expired:
      return fail(ExitCode::absent, "the session has expired", list);
    case sess::Outcome::superseded:
      return fail(ExitCode::absent, "the session's ID has been replaced", list);
    case sess::Outcome::gone:
      return fail(ExitCode::absent, "the session has ended meanwhile; nothing written", list);
    case sess::Outcome::conflict:
      return fail(ExitCode::busy, "somebody else changed the same value meanwhile; nothing written", "try again");
    case sess::Outcome::busy: {
      const std::string holder = status.holder() > 0 ? fmt::format(" by process {}", status.holder()) : "";
      return fail(ExitCode::busy, "the session is locked" + holder, "try again, or wait longer with --wait");
    }
    case sess::Outcome::not_renewed:
      return fail(ExitCode::busy, "the session is locked", "try again");
    case sess::Outcome::durability_unknown:
      return fail(ExitCode::io, "written, but the sync to disk failed", "a power cut may undo it; check the disk");
    case sess::Outcome::limit_reached:
      return fail(ExitCode::busy, "its principal has as many sessions as it may have", "end one of them first");
  }
  fail(ExitCode::internal, "unknown outcome", report_bug);
}

void require(const sess::Store& store, const sess::Status& status, std::string_view operation,
             const sess::SessionKey& key) {
  if (status == sess::Outcome::absent && is_in_quarantine(store, key))
    throw Failure(ExitCode::data, operation, key.to_string(), "its record was damaged, and was moved to quarantine",
                  fmt::format("'sessctl quarantine show {}' says why", key.to_string()));
  const bool is_locked = status == sess::Outcome::busy || status == sess::Outcome::not_renewed;
  // Who does not wait is not told by whom, to be quick.
  if (const int holder = is_locked ? holder_of(store, key) : 0; holder > 0)
    throw Failure(ExitCode::busy, operation, key.to_string(),
                  fmt::format("the session is locked by process {}", holder), "try again; 'sessctl locks' says more");
  require(status, operation, key);
}

}  // namespace sessctl
