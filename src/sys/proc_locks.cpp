#include "sys/proc_locks.hpp"

#include <sys/sysmacros.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace sess::sys {

namespace {

/// Takes a number, and this character behind it; at the end of the text none.
template <class Number>
bool take(std::string_view& text, Number& number, int base, std::optional<char> behind) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!behind) return text.empty();
  if (text.empty() || text.front() != *behind) return false;
  text.remove_prefix(1);
  return true;
}

/// Major and minor in hexadecimal, the inode in decimal (fs/locks.c of Linux, lock_get_status).
std::optional<FileIdentity> parse_file(std::string_view text) {
  unsigned major_number = 0;
  unsigned minor_number = 0;
  std::uint64_t inode = 0;
  if (!take(text, major_number, 16, ':') || !take(text, minor_number, 16, ':') || !take(text, inode, 10, std::nullopt))
    return std::nullopt;
  return FileIdentity{::gnu_dev_makedev(major_number, minor_number), inode};
}

}  // namespace

std::vector<TableLock> flocks_in_table(const std::string& table) {
  std::vector<TableLock> locks;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, file;
    TableLock lock;
    if (!(words >> number >> kind)) continue;
    lock.waits = kind == "->";
    if (lock.waits) words >> kind;
    if (kind != "FLOCK" || !(words >> advisory >> access >> lock.process >> file) || lock.process <= 0) continue;
    const auto identity = parse_file(file);
    if (!identity) continue;
    lock.identity = *identity;
    locks.push_back(std::move(lock));
  }
  return locks;
}

int holder_in_lock_table(const std::string& table, FileIdentity identity) {
  for (const TableLock& lock : flocks_in_table(table))
    if (!lock.waits && lock.identity == identity) return lock.process;
  return 0;
}

int holder_in_proc_locks(FileIdentity identity) {
  std::ifstream table("/proc/locks");
  if (!table) return 0;
  const std::string text{std::istreambuf_iterator<char>(table), std::istreambuf_iterator<char>()};
  return holder_in_lock_table(text, identity);
}

}  // namespace sess::sys
