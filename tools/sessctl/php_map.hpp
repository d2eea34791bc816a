// The file that says which session every session of PHP has become: a line for each, PHP's ID and the new one; and,
// by a line that begins with '#', up to where an import has come to its end. Who has it has all of them, so nobody else
// can read it.
#pragma once

#include "descriptor.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace sessctl {

class PhpMap {
 public:
  /// Opens the file, or makes it (mode 0600), and locks it until the end. What a power cut has left of a last line is
  /// cut off. Throws Failure: busy (another import has it), no_permission (it is not this effective user's, has another
  /// name, or others can read it), data (it is no map), io.
  explicit PhpMap(const std::string& path);

  struct Entry {
    std::string id;
    /// An import that went to its end has made the session: if it is not there now, it was ended.
    bool is_made = false;
  };

  /// Null if there is none.
  const Entry* find(const std::string& php_id) const;
  /// Throws Failure (io). When it returns a kill does not take the line away; a power cut may.
  void add(const std::string& php_id, const std::string& id);
  /// Says, in a line of its own, that all sessions are on disk but these, whose lines it repeats behind it. Throws
  /// Failure (io).
  void mark_made(const std::vector<std::string>& failed);
  /// Puts the file, and its name, on disk. Throws Failure (io).
  void sync() const;

 private:
  [[noreturn]] void fail(const char* operation) const;
  void read();
  void append(const std::string& text);
  void take_mark();

  std::string path_;
  Descriptor directory_;
  Descriptor file_;
  std::unordered_map<std::string, Entry> ids_;
};

}  // namespace sessctl
