#include "refusal.hpp"

#include "escape.hpp"

#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sessctl {
namespace {

namespace fs = std::filesystem;

std::optional<struct stat> status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

/// None of a user who has been removed, or of another container.
std::optional<std::string> name_of(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  if (entry == nullptr) return std::nullopt;
  return entry->pw_name;
}

}  // namespace

std::string user_name(uid_t user) { return name_of(user).value_or(fmt::format("number {}", user)); }

std::string advice_on_refusal(const std::string& path) {
  // The way to a relative one begins where this process stands, and its own directory may be what keeps it out.
  std::error_code unknown;
  const fs::path whole = fs::absolute(path, unknown).lexically_normal();
  fs::path found = unknown ? fs::path(path) : whole;
  const fs::path asked = found;
  std::optional<struct stat> status = status_of(found);
  while (!status && found.has_relative_path() && found.has_parent_path()) {
    found = found.parent_path();
    status = status_of(found);
  }
  if (!status) return "run sessctl as the user who owns the store";
  const uid_t self = ::geteuid();
  const auto lacks = [&](const struct stat& each) {
    const mode_t needed = S_ISDIR(each.st_mode) ? S_IRWXU : S_IRUSR | S_IWUSR;
    return (each.st_mode & needed) != needed;
  };
  const auto above_found = [&] {
    std::error_code ignored;
    return fs::absolute(found, ignored).parent_path();
  };
  // To make, rename or remove a file is up to its directory.
  if (!S_ISDIR(status->st_mode) && status->st_uid == self && !lacks(*status)) {
    found = above_found();
    if (const auto directory = status_of(found)) status = directory;
  }
  const bool is_itself = found == asked;
  const std::string facts =
      fmt::format("{} belongs to user {}, with mode {:04o}", is_itself ? "it" : sessctl::quoted(found.string()),
                  user_name(status->st_uid), status->st_mode & 07777);
  if (status->st_uid == self && lacks(*status)) return fmt::format("{}: run 'chmod u+rwX' on it", facts);
  if (status->st_uid == self)
    return facts + ", which permit it: look at its access control list, its attributes (lsattr) and the kernel's log";
  const auto above = status_of(above_found());
  if (above && above->st_uid == self)
    return fmt::format("{}: run 'chown {}' on it, as root", facts, name_of(self).value_or(std::to_string(self)));
  if (is_itself) return fmt::format("{}: run sessctl as that user", facts);
  return fmt::format("{}: let user {} use it, or run sessctl as another", facts, user_name(self));
}

}  // namespace sessctl
