// The environment of a command that sessctl starts for somebody.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace sessctl {

/// That of this process, "NAME=value" each. Does not block.
std::vector<std::string> own_environment();

/// The same for another user, as cron makes it: with HOME, USER and LOGNAME of that user, or without them if there is
/// no such user, and with SHELL=/bin/sh. Else the command would read and write the files of root's home. Asks the user
/// database, which may block (nsswitch.conf(5)). Throws Failure if that cannot answer.
std::vector<std::string> environment_of(uid_t user);

}  // namespace sessctl
