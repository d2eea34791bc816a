#include "cli/damage.hpp"

#include "format/gc_state.hpp"
#include "format/names.hpp"

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>

#include <doctest/doctest.h>
#include <sys/stat.h>

namespace cli {

void damage(const std::filesystem::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary | std::ios::ate);
  REQUIRE(stream.good());
  stream.seekp(-1, std::ios::end);
  stream.put('\x7f');
}

void fill_quarantine(const std::filesystem::path& store, unsigned count) {
  const auto key = sess::SessionKey::parse(std::string(sess::SessionKey::text_size, 'a')).value();
  for (unsigned number = 0; number < count; ++number) {
    const auto name = sess::format::quarantine_name({.key = key, .number = number});
    std::ofstream file(store / sess::format::quarantine_directory / name);
    file << "damaged";
    REQUIRE(file.flush().good());
  }
}

void set_last_sweep_back(const std::filesystem::path& store, std::chrono::milliseconds by) {
  std::fstream file(store / sess::format::gc_file, std::ios::in | std::ios::out);
  auto state = sess::format::parse_gc_state(std::string(std::istreambuf_iterator<char>(file), {}));
  REQUIRE(state);
  state->finished -= by.count();
  file.seekp(0);
  file << sess::format::to_text(*state) << std::flush;
}

bool set_clock_ahead(const std::filesystem::path& store) {
  std::fstream file(store / sess::format::gc_file, std::ios::in | std::ios::out);
  auto state = sess::format::parse_gc_state(std::string(std::istreambuf_iterator<char>(file), {}));
  REQUIRE(state);
  if (state->clock.boot_id.empty()) {
    std::cerr << "SKIPPED: the boot ID is not known, so a clock that was set ahead is not noticed\n";
    return false;
  }
  state->clock.wall -= std::chrono::milliseconds(std::chrono::hours(49)).count();
  file.seekp(0);
  file << sess::format::to_text(*state) << std::flush;
  return true;
}

std::map<std::string, std::string> tree(const std::filesystem::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status {};
    REQUIRE(::lstat(entry.path().c_str(), &status) == 0);
    std::string text = std::to_string(status.st_ino) + " " + std::to_string(status.st_mode) + " " +
                       std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
                       std::to_string(status.st_ctim.tv_sec) + "." + std::to_string(status.st_ctim.tv_nsec) + " ";
    if (entry.is_regular_file()) {
      std::ifstream file(entry.path(), std::ios::binary);
      text.append(std::istreambuf_iterator<char>(file), {});
    }
    files[entry.path()] = text;
  }
  return files;
}

}  // namespace cli
