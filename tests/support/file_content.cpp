#include "support/file_content.hpp"

#include <algorithm>
#include <utility>

namespace sess::test {
namespace {

template <typename Value>
void add(FileContent::Options<Value>& options, const Value& value) {
  const auto found = std::find(options.values.begin(), options.values.end(), value);
  options.newest = static_cast<std::size_t>(found - options.values.begin());
  if (found == options.values.end()) options.values.push_back(value);
}

}  // namespace

FileContent::FileContent(std::vector<std::byte> bytes, std::size_t sector_size)
    : sector_size_(sector_size), current_(std::move(bytes)), durable_(current_) {}

/// Zeros where the bytes end.
FileContent::Sector FileContent::sector_of(const std::vector<std::byte>& bytes, std::uint64_t number) const {
  Sector sector(sector_size_);
  const std::size_t begin = std::min<std::size_t>(bytes.size(), number * sector_size_);
  const std::size_t end = std::min<std::size_t>(bytes.size(), begin + sector_size_);
  std::copy(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.begin() + static_cast<std::ptrdiff_t>(end),
            sector.begin());
  return sector;
}

void FileContent::put_sector(std::vector<std::byte>& bytes, std::uint64_t number, const Sector& sector) const {
  const std::size_t begin = number * sector_size_;
  if (begin >= bytes.size()) return;
  const std::size_t length = std::min(sector_size_, bytes.size() - begin);
  std::copy_n(sector.begin(), length, bytes.begin() + static_cast<std::ptrdiff_t>(begin));
}

std::size_t FileContent::read(std::span<std::byte> buffer, std::uint64_t offset) const {
  if (offset >= current_.size()) return 0;
  const std::size_t length = std::min<std::size_t>(buffer.size(), current_.size() - offset);
  std::copy_n(current_.begin() + static_cast<std::ptrdiff_t>(offset), length, buffer.begin());
  return length;
}

void FileContent::note_sector(std::uint64_t number) {
  unsynced_[number].push_back({sector_of(current_, number), false});
}

void FileContent::note_size() { unsynced_sizes_.push_back({current_.size(), false}); }

void FileContent::write(std::span<const std::byte> data, std::uint64_t offset) {
  if (data.empty()) return;
  const std::uint64_t end = offset + data.size();
  if (end > current_.size()) {
    current_.resize(end);
    note_size();
  }
  std::copy(data.begin(), data.end(), current_.begin() + static_cast<std::ptrdiff_t>(offset));
  for (std::uint64_t number = offset / sector_size_; number <= (end - 1) / sector_size_; ++number) note_sector(number);
}

void FileContent::resize(std::uint64_t size) {
  const std::uint64_t before = current_.size();
  if (size == before) return;
  current_.resize(size);
  note_size();
  // What was cut off reads as zero if the file grows again, so those sectors have changed too.
  for (std::uint64_t number = size / sector_size_; number * sector_size_ < before; ++number) note_sector(number);
}

void FileContent::synced() {
  // In an order such that the durable size is right before sectors are put into it.
  if (!unsynced_sizes_.empty() && !unsynced_sizes_.back().lost) {
    durable_.resize(unsynced_sizes_.back().value, std::byte{0});
    unsynced_sizes_.clear();
  }
  for (auto entry = unsynced_.begin(); entry != unsynced_.end();) {
    if (entry->second.back().lost) {
      ++entry;
      continue;
    }
    // A sector may be durable beyond a size that is not known to be: keep its bytes.
    if (durable_.size() < current_.size() && !unsynced_sizes_.empty()) {
      ++entry;
      continue;
    }
    put_sector(durable_, entry->first, entry->second.back().value);
    entry = unsynced_.erase(entry);
  }
}

void FileContent::sync_failed() {
  for (auto& [number, versions] : unsynced_) {
    for (auto& version : versions) version.lost = true;
  }
  for (auto& version : unsynced_sizes_) version.lost = true;
}

void FileContent::settle() {
  durable_ = current_;
  unsynced_.clear();
  unsynced_sizes_.clear();
}

FileContent::Choices FileContent::choices() const {
  Choices choices;
  add<std::uint64_t>(choices.size, durable_.size());
  for (const auto& version : unsynced_sizes_) add(choices.size, version.value);
  for (const auto& [number, versions] : unsynced_) {
    Options<Sector> options;
    add(options, sector_of(durable_, number));
    for (const auto& version : versions) add(options, version.value);
    if (options.values.size() == 1) continue;
    choices.sectors.push_back(std::move(options));
    choices.sector_numbers.push_back(number);
  }
  return choices;
}

std::vector<std::byte> FileContent::left(const Choices& choices, std::size_t size_pick,
                                         std::span<const std::size_t> sector_picks) const {
  std::vector<std::byte> bytes = durable_;
  bytes.resize(choices.size.values.at(size_pick));
  for (std::size_t i = 0; i < sector_picks.size(); ++i) {
    put_sector(bytes, choices.sector_numbers.at(i), choices.sectors.at(i).values.at(sector_picks[i]));
  }
  return bytes;
}

}  // namespace sess::test
