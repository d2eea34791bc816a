// The bytes of one file of the fake file system, and what a power cut may leave of them.
//
// A disk writes sectors (512 or 4096 bytes), each wholly or not at all, and in any order. So the history that matters
// is kept per sector: the durable bytes, and what the sector held after each write or truncate since. A power cut may
// leave any of them, in each sector for itself; that covers every write kept, dropped or torn. The size is one more
// such value, on its own: blocks may reach the disk before the size does, and the size before the blocks (the bytes
// between are then zero, or old).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace sess::test {

inline constexpr std::size_t default_sector_size = 512;

class FileContent {
 public:
  using Sector = std::vector<std::byte>;

  FileContent() = default;
  /// Durable from the start.
  explicit FileContent(std::vector<std::byte> bytes, std::size_t sector_size = default_sector_size);

  const std::vector<std::byte>& bytes() const { return current_; }
  std::uint64_t size() const { return current_.size(); }

  std::size_t read(std::span<std::byte> buffer, std::uint64_t offset) const;
  void write(std::span<const std::byte> data, std::uint64_t offset);
  void resize(std::uint64_t size);

  /// A sync that answered 0: what is dirty now is durable.
  void synced();
  /// A sync that answered an error. As on Linux, the pages count as clean afterwards: a later sync answers 0 and
  /// writes nothing, and what is on the disk stays unknown until the sector is written again and synced.
  void sync_failed();
  /// Declares all of it durable, also what a failed sync left unknown (a clean unmount).
  void settle();

  /// The different values that a power cut may leave of one thing. The first is the durable one.
  template <typename Value>
  struct Options {
    std::vector<Value> values;
    std::size_t newest = 0;  // which of them programs saw last
  };
  struct Choices {
    Options<std::uint64_t> size;
    std::vector<Options<Sector>> sectors;       // of each sector with more than one value
    std::vector<std::uint64_t> sector_numbers;  // which sector that is
  };
  Choices choices() const;
  /// The file that is left with one value picked of each list.
  std::vector<std::byte> left(const Choices& choices, std::size_t size_pick,
                              std::span<const std::size_t> sector_picks) const;

 private:
  template <typename Value>
  struct Version {
    Value value;
    bool lost;  // its sync failed: never written back by itself
  };
  Sector sector_of(const std::vector<std::byte>& bytes, std::uint64_t number) const;
  void put_sector(std::vector<std::byte>& bytes, std::uint64_t number, const Sector& sector) const;
  void note_sector(std::uint64_t number);
  void note_size();

  std::size_t sector_size_ = default_sector_size;
  std::vector<std::byte> current_;
  std::vector<std::byte> durable_;
  std::map<std::uint64_t, std::vector<Version<Sector>>> unsynced_;
  std::vector<Version<std::uint64_t>> unsynced_sizes_;
};

}  // namespace sess::test
