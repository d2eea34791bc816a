#include "open_store.hpp"

#include "exit_codes.hpp"
#include "failure.hpp"
#include "refusal.hpp"
#include "report.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sessctl {
namespace {

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
      return {ExitCode::config, "nothing in it was touched; use the version of sessctl that the store was made for"};
    case Reason::damaged:  // what was found says what to do
    case Reason::open_to_others:
    case Reason::unusable:
      break;
  }
  return {ExitCode::config, "nothing in it was touched"};
}

/// The path itself leads to no directory.
bool is_about_path(const sess::IoError& error, const std::string& path) {
  constexpr std::array numbers{ENOENT, ENOTDIR, EEXIST, ELOOP, ENAMETOOLONG};
  return error.path() == path && std::find(numbers.begin(), numbers.end(), error.error_number()) != numbers.end();
}

std::string_view advice_on_path(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_symlink(path, ignored) ? "a symbolic link is not followed: name the directory itself"
                                                    : "check --store";
}

bool is_store(const std::string& path) {
  try {
    sess::Store::open(path);
    return true;
  } catch (const sess::StoreError& error) {
    return error.reason() != sess::StoreError::Reason::not_a_store;
  }
}

/// What a store has beside its file "store", which alone makes it one, is there.
bool lacks_own_file(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(std::filesystem::path(path) / "shards", ignored);
}

bool holds_something(const std::string& path) {
  std::error_code error;
  const std::filesystem::directory_iterator entry(path, error);
  return !error && entry != std::filesystem::directory_iterator();
}

/// None can be made of it.
[[noreturn]] void fail_of_something_else(const std::string& path) {
  throw Failure(ExitCode::absent, "open store", path, "the directory is not a store, and holds something else",
                "name the store's own directory with --store; 'sessctl init' makes one of a new or empty directory");
}

}  // namespace

void become_owner(const std::string& path) {
  struct stat directory {};
  if (::geteuid() != 0 || ::stat(path.c_str(), &directory) != 0 || directory.st_uid == 0) return;
  const passwd* const entry = ::getpwuid(directory.st_uid);
  const gid_t group = entry != nullptr ? entry->pw_gid : directory.st_gid;
  const int groups = entry != nullptr ? ::initgroups(entry->pw_name, group) : ::setgroups(1, &group);
  if (groups != 0 || ::setresgid(group, group, group) != 0 ||
      ::setresuid(directory.st_uid, directory.st_uid, directory.st_uid) != 0) {
    const int error = errno;  // getpwuid sets it, too
    throw Failure(ExitCode::no_permission, "become the owner of store", path, std::strerror(error),
                  fmt::format("run sessctl as user {}", user_name(directory.st_uid)));
  }
}

sess::Store open_store(const std::string& path, sess::StoreOptions options) {
  become_owner(path);
  if (!options.on_event) options.on_event = report_event;
  try {
    return sess::Store::open(path, options);
  } catch (const sess::StoreError& error) {
    // The library takes it for no store, and touches nothing. Whoever has a store there wants to know that it is
    // broken.
    if (error.reason() == sess::StoreError::Reason::not_a_store && lacks_own_file(path))
      throw Failure(ExitCode::config, error.what(), advice_on(sess::StoreError::Reason::damaged).words);
    if (error.reason() == sess::StoreError::Reason::not_a_store && holds_something(path)) fail_of_something_else(path);
    const Advice advice = advice_on(error.reason());
    throw Failure(advice.code, error.what(), advice.words);
  } catch (const sess::IoError& error) {
    // The directory above a store that is called "store", mostly.
    if (error.error_number() == EISDIR && error.path().ends_with("/store") && !lacks_own_file(path))
      fail_of_something_else(path);
    if (!is_about_path(error, path)) throw;
    throw Failure(ExitCode::absent, error.what(), advice_on_path(path));
  }
}

void fail_without_store(const std::string& path) {
  throw Failure(ExitCode::absent, "watch store", path, "its directories were removed",
                advice_on(sess::StoreError::Reason::absent).words);
}

sess::Store init_store(const std::string& path) {
  become_owner(path);
  try {
    sess::Store::init(path);
  } catch (const sess::StoreError& error) {
    // The library says "chmod 0700" before it looks inside: of / or /srv, say, that would be the worst advice.
    if (error.reason() == sess::StoreError::Reason::open_to_others && !is_store(path) && holds_something(path))
      throw Failure(ExitCode::cannot_create, "make store", path, "the directory holds something else",
                    advice_on(sess::StoreError::Reason::not_empty).words);
    const Advice advice = advice_on(error.reason());
    throw Failure(ExitCode::cannot_create, error.what(), advice.words);
  } catch (const sess::IoError& error) {
    if (is_about_path(error, path)) throw Failure(ExitCode::cannot_create, error.what(), advice_on_path(path));
    const bool refused = exit_code_of(error.error_number()) == ExitCode::no_permission;
    throw Failure(refused ? ExitCode::no_permission : ExitCode::cannot_create, error.what(),
                  refused ? "run sessctl as a user who may write there, or let root make the directory and give it away"
                          : advice_on(error.error_number()));
  }
  return open_store(path);
}

}  // namespace sessctl
