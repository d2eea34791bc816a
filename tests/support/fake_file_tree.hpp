// Inodes, directories and the journal of name operations of the fake file system. No descriptors, no locks between
// threads, no faults: those are FakeSystem's.
//
// Errors are negated errno values, in the order in which Linux checks for them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/disk_image.hpp"
#include "support/file_content.hpp"
#include "sys/system.hpp"

namespace sess::test {

struct Inode;
using InodePtr = std::shared_ptr<Inode>;
using Entries = std::map<std::string, InodePtr, std::less<>>;

struct Inode {
  std::uint64_t number = 0;
  sys::FileType type = sys::FileType::regular;
  std::uint32_t mode = 0600;
  std::uint32_t owner = 0;
  std::uint32_t links = 0;  // of a directory: 1 while it has its name
  std::uint32_t opens = 0;  // open file descriptions
  FileContent content;
  sys::FileTime modified;
  sys::FileTime changed;
  Entries entries;  // of a directory

  // What a power cut may leave: the durable time, the times set since, and the durable names.
  sys::FileTime durable_modified;
  std::vector<sys::FileTime> unsynced_modified;
  Entries durable_entries;

  const void* locked_by = nullptr;  // the open file description that holds the flock
  int locked_by_process = 0;
  std::map<std::uint64_t, const void*> locked_bytes;  // offset -> the open file description

  bool is_directory() const { return type == sys::FileType::directory; }
  void set_modified(sys::FileTime time);
  void times_synced();
};

/// One change of names that reaches the disk wholly or not at all.
struct NameOperation {
  struct Change {
    InodePtr directory;
    std::string name;
    InodePtr target;  // null: the name goes away
  };
  std::vector<Change> changes;
  std::string text;
};

class FakeFileTree {
 public:
  /// A disk of empty sectors of this size, in bytes.
  explicit FakeFileTree(sys::FileTime now, std::size_t sector_size = default_sector_size);
  explicit FakeFileTree(const DiskImage& image, std::size_t sector_size = default_sector_size);

  /// Where a path leads. `inode` is null if only the last component is missing; `directory` is null for ".".
  struct Place {
    int error = 0;
    InodePtr directory;
    std::string name;
    InodePtr inode;
  };
  /// Throws std::logic_error for "..", which libsess has no use for.
  Place find(const InodePtr& start, std::string_view path) const;
  const InodePtr& root() const { return root_; }

  InodePtr create(const Place& place, sys::FileType type, std::uint32_t owner, sys::FileTime now);
  int link(const Place& from, const Place& to, sys::FileTime now);
  int unlink(const Place& place, sys::FileTime now);
  int rename(const Place& from, const Place& to, sys::RenameMode mode, sys::FileTime now);
  void closed(Inode& inode);

  /// fsync of a directory: its operations so far are durable, and with them every earlier one.
  void sync_directory(const Inode& directory);
  /// syncfs: as if each file and directory were synced. What a sync has failed to write stays unknown.
  void sync_everything();
  /// Everything is durable.
  void settle();

  const std::vector<NameOperation>& journal() const { return journal_; }
  std::uint64_t inodes_in_use() const { return next_number_ - first_number - free_.size(); }
  std::uint64_t blocks_in_use() const;
  /// Durable, on this disk.
  FileContent content(std::vector<std::byte> bytes) const { return FileContent(std::move(bytes), sector_size_); }

  bool exchange_supported = true;
  bool no_replace_supported = true;

 private:
  static constexpr std::uint64_t first_number = 2;

  std::uint64_t take_number();
  void each_inode(const std::function<void(Inode&)>& visit) const;
  void release_if_unused(Inode& inode);
  void change_names(std::vector<NameOperation::Change> changes, std::string text, sys::FileTime now);
  bool is_below(const InodePtr& inode, const InodePtr& directory) const;

  std::size_t sector_size_;
  InodePtr root_;
  std::vector<NameOperation> journal_;  // what is not durable, oldest first
  std::set<std::uint64_t> free_;
  std::uint64_t next_number_ = first_number;
};

/// Blocks of 512 bytes that a file of this size takes (the fake allocates by 4096 and knows no holes).
std::uint64_t blocks_for(std::uint64_t size);

}  // namespace sess::test
