// The file that the sweep goes on from.
#include "format/gc_state.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace sess::format;

TEST_CASE("a sweep's state comes back as it was written") {
  const GcState state{255, 1'700'000'000'123, 4'500, 100'000, 321, 7};
  const std::string text = to_text(state);
  CHECK(
      text.starts_with("libsess gc 1\n"
                       "next_shard 255\n"
                       "finished 1700000000123\n"
                       "duration 4500\n"
                       "examined 100000\n"
                       "expired 321\n"
                       "leftovers 7\n"
                       " "));
  CHECK(parse_gc_state(text) == state);
  CHECK(parse_gc_state(to_text(GcState{})) == GcState{});
}

TEST_CASE("what the clocks said comes back, and is not known where the text does not say it") {
  const std::string boot_id(36, 'b');
  const GcState state{1, 2, 3, 4, 5, 6, {boot_id, 1'700'000'000'123, 5'000, 86'400'000, 3'605'000}};
  const std::string text = to_text(state);
  CHECK(text.find("leftovers 6\nboot_id " + boot_id +
                  "\nwall 1700000000123\nboot 5000\njump 86400000\nheld_until 3605000\n ") != std::string::npos);
  CHECK(parse_gc_state(text) == state);
  const std::string cut = text.substr(0, text.find("held_until"));
  CHECK(parse_gc_state(cut) == GcState{1, 2, 3, 4, 5, 6});
}

TEST_CASE("the text always has the same size, so that writing it again needs no space and leaves no rest") {
  const GcState largest{4294967295,
                        INT64_MIN,
                        INT64_MIN,
                        UINT64_MAX,
                        UINT64_MAX,
                        UINT64_MAX,
                        {std::string(36, 'b'), INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN}};
  for (const GcState& state : {GcState{}, largest}) {
    const std::string text = to_text(state);
    CHECK(text.size() == gc_state_size);
    CHECK(text.back() == '\n');
    CHECK(text.find('\0') == std::string::npos);
    CHECK(parse_gc_state(text) == state);
  }
}

TEST_CASE("a text that is no sweep's state is refused, and the sweep begins anew") {
  const std::string good = to_text(GcState{3, 4, 5, 6, 7, 8});
  for (const std::string& text :
       {std::string(), std::string(256, '\0'), std::string(256, ' '), std::string("libsess gc 1\n"),
        "libsess gc 2\n" + good.substr(13), "libsess store\n" + good.substr(13), good.substr(0, 30),
        std::string("libsess gc 1\nnext_shard x\n"), std::string("libsess gc 1\nfinished 3\nnext_shard 3\n")}) {
    CAPTURE(text);
    CHECK_FALSE(parse_gc_state(text).has_value());
  }
}
