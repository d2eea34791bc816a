#include "open_store.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "report.hpp"

#include <sess/error.hpp>

#include <cerrno>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sessctl {
namespace {

std::string user_name(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : fmt::format("number {}", user);
}

struct Advice {
  ExitCode code;
  std::string_view words;
};

Advice advice_on(sess::StoreError::Reason reason) {
  using Reason = sess::StoreError::Reason;
  switch (reason) {
    case Reason::absent:
      return {ExitCode::absent, "'sessctl init' makes a store"};
    case Reason::not_a_store:
      return {ExitCode::absent, "nothing in it was touched; check --store, or make a store with 'sessctl init'"};
    case Reason::not_empty:
      return {ExitCode::cannot_create, "choose a directory that is empty or does not exist"};
    case Reason::other_owner:
      return {ExitCode::no_permission, "run sessctl as its owner"};
    case Reason::newer_format:
    case Reason::damaged:
      return {ExitCode::config, "nothing in it was touched; use the version of sessctl that the store was made for"};
    case Reason::open_to_others:
    case Reason::unusable:
      break;
  }
  return {ExitCode::config, "nothing in it was touched"};
}

}  // namespace

void become_owner(const std::string& path) {
  struct stat directory {};
  if (::geteuid() != 0 || ::stat(path.c_str(), &directory) != 0 || directory.st_uid == 0) return;
  const passwd* const entry = ::getpwuid(directory.st_uid);
  const gid_t group = entry != nullptr ? entry->pw_gid : directory.st_gid;
  const int groups = entry != nullptr ? ::initgroups(entry->pw_name, group) : ::setgroups(1, &group);
  if (groups != 0 || ::setresgid(group, group, group) != 0 ||
      ::setresuid(directory.st_uid, directory.st_uid, directory.st_uid) != 0)
    throw Failure(ExitCode::no_permission, "become the owner of store", path, std::strerror(errno),
                  fmt::format("run sessctl as user {}", user_name(directory.st_uid)));
}

sess::Store open_store(const std::string& path, sess::StoreOptions options) {
  become_owner(path);
  options.on_event = report_event;
  try {
    return sess::Store::open(path, options);
  } catch (const sess::StoreError& error) {
    const Advice advice = advice_on(error.reason());
    throw Failure(advice.code, error.what(), advice.words);
  } catch (const sess::IoError& error) {
    if (error.error_number() != ENOTDIR) throw;
    throw Failure(ExitCode::absent, error.what(), "check --store");
  }
}

sess::Store init_store(const std::string& path) {
  become_owner(path);
  try {
    sess::Store::init(path);
  } catch (const sess::StoreError& error) {
    const Advice advice = advice_on(error.reason());
    throw Failure(ExitCode::cannot_create, error.what(), advice.words);
  } catch (const sess::IoError& error) {
    const bool refused = exit_code_of(error.error_number()) == ExitCode::no_permission;
    throw Failure(refused ? ExitCode::no_permission : ExitCode::cannot_create, error.what(),
                  refused ? "run sessctl as a user who may write there, or let root make the directory and give it away"
                          : advice_on(error.error_number()));
  }
  return open_store(path);
}

}  // namespace sessctl
