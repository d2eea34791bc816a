// A whole disk as a value: what a fake file system starts from after a power cut.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sys/system.hpp"

namespace sess::test {

struct DiskImage {
  struct File {
    sys::FileType type = sys::FileType::regular;
    std::uint32_t mode = 0;
    std::uint32_t owner = 0;
    std::vector<std::byte> content;
    sys::FileTime modified;
    sys::FileTime changed;
    std::map<std::string, std::uint64_t> entries;  // of a directory: name and inode number
  };

  std::uint64_t root = 0;
  std::map<std::uint64_t, File> files;  // by inode number
  std::chrono::nanoseconds wall_clock{0};
  std::string description;  // which of the possible images this is, for the message of a failed test
};

}  // namespace sess::test
