#include "sys/proc_locks.hpp"

#include <sys/sysmacros.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace sess::sys {

int holder_in_lock_table(std::string_view table, FileIdentity identity) {
  std::istringstream lines{std::string(table)};
  std::ostringstream wanted;
  wanted.fill('0');
  wanted << std::hex;
  wanted.width(2);
  wanted << ::gnu_dev_major(identity.device) << ':';
  wanted.width(2);
  wanted << ::gnu_dev_minor(identity.device) << ':' << std::dec << identity.inode;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, file;
    int holder = 0;
    if (!(words >> number >> kind)) continue;
    if (kind != "FLOCK") continue;  // "->" here is a waiter
    if (words >> advisory >> access >> holder >> file && file == wanted.str()) return holder > 0 ? holder : 0;
  }
  return 0;
}

int holder_in_proc_locks(FileIdentity identity) {
  std::ifstream table("/proc/locks");
  if (!table) return 0;
  const std::string text{std::istreambuf_iterator<char>(table), std::istreambuf_iterator<char>()};
  return holder_in_lock_table(text, identity);
}

}  // namespace sess::sys
