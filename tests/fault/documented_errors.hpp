// What each system call below libsess may answer when it fails.
#pragma once

#include "support/fault_plan.hpp"

#include <vector>

namespace sess::test {

/// The errors that the manual page of a call documents, and those that network and full file systems answer beside
/// them. Left out are answers that are no faults: that there is no such name (ENOENT of open and stat), or one already
/// (EEXIST of mkdir); what only a wrong argument causes (EBADF, EFAULT); and EINTR, which never comes out of the system
/// layer but from close.
std::vector<int> errors_of(const LoggedCall& call);

/// Of these, the errors with which a call may also answer that has had its effect: the answer of a server was lost
/// (EIO, ETIMEDOUT), or the request was sent twice, and the second one found what the first had done (ENOENT, EEXIST).
std::vector<int> errors_after_the_effect_of(const LoggedCall& call);

}  // namespace sess::test
