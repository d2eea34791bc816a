// Why this process may not use a file: whose it is, what its permissions are, and who has to change that.
#pragma once

#include <string>

#include <sys/types.h>

namespace sessctl {

/// "ann", or "number 1234" of a user without a name.
std::string user_name(uid_t user);

/// What to do where the system has refused to open or change what is at `path` (EACCES, EPERM), by what is there now:
/// the file itself, or where it cannot be looked at the nearest directory above it that can. Only what lies in a
/// directory of this process's user is to be given to him: whatever else there is may be somebody else's for good
/// reason. The path is repeated only where another one is meant.
std::string advice_on_refusal(const std::string& path);

}  // namespace sessctl
