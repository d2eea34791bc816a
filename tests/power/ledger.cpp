#include "ledger.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace sess::test::power {

Ledger::Ledger(const std::string& path) : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw std::runtime_error("open ledger \"" + path + "\"");
}

Ledger::~Ledger() { ::close(file_); }

void Ledger::append(const Entry& entry) const {
  // One write: the kernel puts it at the end as a whole.
  if (::write(file_, &entry, sizeof entry) != static_cast<ssize_t>(sizeof entry))
    throw std::runtime_error("write to the ledger");
}

std::uint64_t Ledger::length() const {
  struct stat status = {};
  if (::fstat(file_, &status) != 0) throw std::runtime_error("fstat of the ledger");
  return static_cast<std::uint64_t>(status.st_size);
}

std::vector<Entry> read_ledger(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("open ledger \"" + path + "\"");
  std::vector<Entry> entries;
  Entry entry;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  while (file.read(reinterpret_cast<char*>(&entry), sizeof entry)) entries.push_back(entry);
  return entries;
}

}  // namespace sess::test::power
