#include "command_environment.hpp"

#include "failure.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace sessctl {

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) variables.emplace_back(*each);
  return variables;
}

std::vector<std::string> environment_of(uid_t user) {
  constexpr std::size_t most = std::size_t{1} << 20;
  std::vector<char> buffer(1024);
  passwd entry{};
  passwd* found = nullptr;
  int error = 0;
  while ((error = ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found)) == ERANGE && buffer.size() < most)
    buffer.resize(buffer.size() * 2);
  // How it is said that there is no such user (getpwnam(3)).
  constexpr std::array absent{0, ENOENT, ESRCH, EBADF, EPERM};
  if (found == nullptr && std::ranges::find(absent, error) == absent.end())
    throw Failure(ExitCode::io, "look up user", std::to_string(user), std::strerror(error), "try again");

  std::vector<std::string> variables = own_environment();
  constexpr std::array<std::string_view, 4> personal{"HOME=", "USER=", "LOGNAME=", "SHELL="};
  std::erase_if(variables, [&](const std::string& variable) {
    return std::ranges::any_of(personal, [&](std::string_view name) { return variable.starts_with(name); });
  });
  variables.emplace_back("SHELL=/bin/sh");
  if (found == nullptr) return variables;
  variables.push_back(fmt::format("HOME={}", entry.pw_dir));
  variables.push_back(fmt::format("USER={}", entry.pw_name));
  variables.push_back(fmt::format("LOGNAME={}", entry.pw_name));
  return variables;
}

}  // namespace sessctl
