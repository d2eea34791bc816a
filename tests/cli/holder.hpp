// Another process that has a session locked.
#pragma once

#include "support/processes.hpp"

#include <string>

#include <sys/types.h>

namespace cli {

/// Has it locked from when it is made until it is gone, under this name of a command (prctl(2), PR_SET_NAME).
class Holder {
 public:
  Holder(const std::string& store, const std::string& key, const char* command);
  pid_t pid() const { return child_.pid(); }

 private:
  sess::test::Gate locked_;
  sess::test::Gate never_;
  sess::test::Child child_;
};

}  // namespace cli
