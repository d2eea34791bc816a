// A directory that is open. Every file of a store is reached through one of these, by a relative name.
#pragma once

#include "sys/system.hpp"
#include "sys/unique_fd.hpp"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sess::fs {

/// What fails here throws IoError with the operation and the full path; outcomes that a caller must expect
/// are values. The system must outlive the directory.
class Directory {
 public:
  /// Throws IoError also when there is no such directory.
  static Directory open(sys::System& system, const std::string& path);
  Directory open_child(const char* name) const;
  /// The same directory, by a descriptor of its own.
  Directory again() const;

  sys::System& system() const noexcept { return *system_; }
  int descriptor() const noexcept { return descriptor_.get(); }
  const std::string& path() const noexcept { return path_; }
  std::string path_of(std::string_view name) const;

  /// Nothing where there is no such file.
  std::optional<sys::UniqueFd> open_file(const char* name, sys::OpenMode mode) const;
  std::optional<sys::FileStatus> status(const char* name) const;
  sys::FileStatus status(const sys::UniqueFd& file, const char* name) const;
  sys::FileStatus own_status() const;

  /// False where there was no such name.
  bool unlink(const char* name) const;
  /// An empty file of mode 0600, unless the name is there already.
  void make_file(const char* name) const;
  /// False where the directory was there already.
  bool make_directory(const char* name) const;
  void visit(const std::function<bool(const sys::DirectoryEntry&)>& visitor) const;
  /// fsync of this directory.
  void sync() const;
  /// fsync of a directory below this one.
  void sync_child(const char* name) const;
  /// syncfs of the file system that this directory is on.
  void sync_file_system() const;

  // ---- whole contents --------------------------------------------------------------------------------------

  /// Reads up to `size` bytes from the start; fewer where the file ends before.
  void read(const sys::UniqueFd& file, const char* name, std::size_t size, std::vector<std::byte>& content) const;
  /// Writes all of it at the start. `written`, if given, says how much of it was, also where this throws.
  void write(const sys::UniqueFd& file, const char* name, std::span<const std::byte> content,
             std::size_t* written = nullptr) const;
  /// The text of a small file, at most 64 KiB of it; nothing where there is none.
  std::optional<std::string> read_text(const char* name) const;
  /// Puts a file of mode 0600 with this text under a name, whole or not at all, also across a power cut. It is
  /// written as `temporary` first, which must be nobody else's; one left by a killed program is removed.
  void put_text(const char* name, const char* temporary, std::string_view text) const;

 private:
  Directory(sys::System& system, sys::UniqueFd descriptor, std::string path) noexcept;

  sys::System* system_;
  sys::UniqueFd descriptor_;
  std::string path_;
};

}  // namespace sess::fs
