// The file that makes a directory a store.
#include "format/store_file.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sess::format;

namespace {

StoreFile parsed(const std::string& text) {
  const auto file = parse_store_file(text);
  REQUIRE(file);
  return *file;
}

}  // namespace

TEST_CASE("a store file comes back as it was written") {
  const StoreFile file{1, 256, false, true, false, "ef53:fedcba9876543210"};
  CHECK(to_text(file) ==
        "libsess store\n"
        "format 1\n"
        "shards 256\n"
        "exchange 0\n"
        "no_replace 1\n"
        "nanoseconds 0\n"
        "file_system ef53:fedcba9876543210\n");
  CHECK(parsed(to_text(file)) == file);
  CHECK(parsed(to_text(StoreFile{})) == StoreFile{});
}

TEST_CASE("lines of a store file that this program does not know are passed over, and written as they were") {
  CHECK(parsed("libsess store\nformat 1\nnumber 7\nshards 256\n").format == 1);
  const StoreFile file = parsed("libsess store\nlabel the shop\nformat 1\nnote\n\nlast");
  CHECK(file.format == 1);
  CHECK(file.other_lines == "label the shop\nnote\n\nlast\n");
  CHECK(to_text(file).ends_with("\nlabel the shop\nnote\n\nlast\n"));
  CHECK(parsed(to_text(file)) == file);
}

TEST_CASE("a newer format is still read, so that it can be refused by its number") {
  CHECK(parsed("libsess store\nformat 2\nshards 4096\nlayout tree\n") ==
        StoreFile{.format = 2, .shards = 4096, .other_lines = "layout tree\n"});
  CHECK(parsed("libsess store\nformat 4294967295\n").format == 4294967295U);
}

TEST_CASE("a text that is no store file is refused") {
  for (const char* text :
       {"", "\n", "libsess store", "libsess store\n", "libsess stores\nformat 1\n", "libsess store \nformat 1\n",
        "format 1\n", "libsess store\nformat\n", "libsess store\nformat one\n", "libsess store\nshards 256\n",
        "libsess store\nformat 1\nshards\n", "libsess store\nformat 1\nexchange yes\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_store_file(text).has_value());
  }
}

TEST_CASE("a number that does not fit is refused and not taken for a small one") {
  for (const char* text : {"libsess store\nformat 4294967297\n", "libsess store\nformat 18446744073709551617\n",
                           "libsess store\nformat -1\n", "libsess store\nformat 1\nshards 4294967552\n",
                           "libsess store\nformat 1x\n", "libsess store\nformat 1 2\n", "libsess store\nformat 0\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_store_file(text).has_value());
  }
}
