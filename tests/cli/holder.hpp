// Another process that has a session locked.
#pragma once

#include "support/processes.hpp"

#include <optional>
#include <string>

#include <sys/types.h>

namespace cli {

/// Has it locked from when it is made until it is gone, under this name of a command (prctl(2), PR_SET_NAME). Where a
/// user is named it has become that one, which takes root, and nobody may look at what it has open: to the kernel its
/// memory is root's until it starts another program.
class Holder {
 public:
  Holder(const std::string& store, const std::string& key, const char* command,
         std::optional<uid_t> user = std::nullopt);
  pid_t pid() const { return child_.pid(); }

 private:
  sess::test::Gate locked_;
  sess::test::Gate never_;
  sess::test::Child child_;
};

}  // namespace cli
