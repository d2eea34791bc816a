// The file that says which session every session of PHP has become: a line for each, PHP's ID and the new one. Who has
// it has all of them, so nobody else can read it.
#pragma once

#include "descriptor.hpp"

#include <string>
#include <unordered_map>

namespace sessctl {

class PhpMap {
 public:
  /// Opens the file, or makes it (mode 0600), and locks it until the end. What a power cut has left of a last line is
  /// cut off. Throws Failure: busy (another import has it), no_permission (it is not this effective user's, has another
  /// name, or others can read it), data (it is no map), io.
  explicit PhpMap(const std::string& path);

  /// Null if there is none.
  const std::string* find(const std::string& php_id) const;
  /// Throws Failure (io). When it returns a kill does not take the line away; a power cut may.
  void add(const std::string& php_id, const std::string& id);
  /// Puts the file, and its name, on disk. Throws Failure (io).
  void sync() const;

 private:
  [[noreturn]] void fail(const char* operation) const;
  void read();

  std::string path_;
  Descriptor directory_;
  Descriptor file_;
  std::unordered_map<std::string, std::string> ids_;
};

}  // namespace sessctl
