#include "bench/peers/systems.hpp"

#include <string>

namespace sess::bench {
namespace {

System php_reading(const char* name, const char* reading) {
  using enum Operation;
  return {name, {create, read, unchanged, update, destroy, mix}, nullptr, [reading](const Place& place) {
            return std::vector<std::string>{"php", "tests/bench/peers/php_files.php", place.directory,
                                            std::to_string(place.payload_size), reading};
          }};
}

}  // namespace

System php() { return php_reading("php", "default"); }
System php_read_and_close() { return php_reading("php read_and_close", "read_and_close"); }

std::vector<System> all_systems() {
  return {libsess(),     bare_calls(),  php(),       php_read_and_close(), sqlite_off(),   sqlite_normal(),
          sqlite_full(), lmdb_nosync(), lmdb_sync(), redis_lock(),         redis_script(), naive_files()};
}

}  // namespace sess::bench
