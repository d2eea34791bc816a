#include "open_store.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "format/names.hpp"
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

// Why sess::Store::open refused. It says so in words only, so look again; what changes in between costs a less fitting
// exit code and nothing else.
struct Cause {
  ExitCode code;
  std::string advice;
};

Cause cause_of(const std::string& path) {
  struct stat directory {};
  if (::stat(path.c_str(), &directory) != 0) {
    if (errno == EACCES) return {ExitCode::no_permission, std::string(advice_on(EACCES))};
    return {ExitCode::absent, "'sessctl init' makes a store"};
  }
  struct stat file {};
  if (::stat((path + "/" + sess::format::store_file).c_str(), &file) != 0 && errno != EACCES)
    return {ExitCode::absent, "nothing in it was touched; check --store, or make a store with 'sessctl init'"};
  if (directory.st_uid != ::geteuid())
    return {ExitCode::no_permission, fmt::format("run sessctl as its owner, user {}", user_name(directory.st_uid))};
  return {ExitCode::config, "nothing in it was touched; use the version of sessctl that the store was made for"};
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
    const Cause cause = cause_of(path);
    throw Failure(cause.code, error.what(), cause.advice);
  } catch (const sess::IoError& error) {
    const int number = error.error_number();
    if (number != ENOENT && number != ENOTDIR && number != EACCES) throw;
    const Cause cause = cause_of(path);
    throw Failure(cause.code, error.what(), cause.advice);
  }
}

sess::Store init_store(const std::string& path) {
  become_owner(path);
  try {
    sess::Store::init(path);
  } catch (const sess::StoreError& error) {
    throw Failure(ExitCode::cannot_create, error.what(), "choose a directory that is empty or does not exist");
  } catch (const sess::IoError& error) {
    const bool refused = exit_code_of(error.error_number()) == ExitCode::no_permission;
    throw Failure(refused ? ExitCode::no_permission : ExitCode::cannot_create, error.what(),
                  refused ? "run sessctl as a user who may write there, or let root make the directory and give it away"
                          : advice_on(error.error_number()));
  }
  return open_store(path);
}

}  // namespace sessctl
