// What a system call is called, for people.
#pragma once

#include <string>

namespace sess::test {

/// "renameat2", or "call 316" where this file knows no name for the number.
std::string name_of_call(long number);

}  // namespace sess::test
