// The file that the sweep goes on from.
#include "format/gc_state.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

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

TEST_CASE("sweeps are added up by the hour in which they ended") {
  GcState state{.finished = 5 * hour + 1, .duration = 10, .examined = 100, .expired = 3, .leftovers = 1};
  add_to_hours(state);
  state = {0, 6 * hour - 1, 20, 200, 4, 0, {}, state.hours};
  add_to_hours(state);
  CHECK(state.hours == std::vector<SweptHour>{{5 * hour, 2, 30, 300, 7, 1}});
  state.finished = 6 * hour;
  add_to_hours(state);
  CHECK(state.hours == std::vector<SweptHour>{{6 * hour, 1, 20, 200, 4, 0}, {5 * hour, 2, 30, 300, 7, 1}});
  CHECK(parse_gc_state(to_text(state)) == state);
  state.clock = {std::string(36, 'b'), 1, 2, 3, 4};
  CHECK(parse_gc_state(to_text(state)) == state);
  // By a clock that was set back: the one that is added to comes first, and none twice.
  state.finished = 5 * hour;
  add_to_hours(state);
  CHECK(state.hours == std::vector<SweptHour>{{5 * hour, 3, 50, 500, 11, 1}, {6 * hour, 1, 20, 200, 4, 0}});
  state.finished = -1;
  add_to_hours(state);
  CHECK(state.hours.front() == SweptHour{-hour, 1, 20, 200, 4, 0});
}

TEST_CASE("of so many hours the one that was added to longest ago is forgotten") {
  GcState state;
  for (std::int64_t at = 0; at < 30; ++at) {
    state.finished = at * hour;
    add_to_hours(state);
  }
  REQUIRE(state.hours.size() == swept_hours);
  CHECK(state.hours.front().begin == 29 * hour);
  CHECK(state.hours.back().begin == 6 * hour);
  CHECK(parse_gc_state(to_text(state)) == state);
}

TEST_CASE("of hours that are cut short those before are kept") {
  GcState state;
  for (const std::int64_t at : {1, 2, 3}) {
    state.finished = at * hour;
    add_to_hours(state);
  }
  std::string text = to_text(state);
  text.resize(text.rfind("hour ") + 12);
  const auto parsed = parse_gc_state(text);
  REQUIRE(parsed);
  state.hours.pop_back();
  CHECK(parsed->hours == state.hours);
}

TEST_CASE("the text always has the same size, so that writing it again needs no space and leaves no rest") {
  const GcState largest{4294967295,
                        INT64_MIN,
                        INT64_MIN,
                        UINT64_MAX,
                        UINT64_MAX,
                        UINT64_MAX,
                        {std::string(36, 'b'), INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN},
                        {swept_hours, {INT64_MIN, UINT64_MAX, INT64_MIN, UINT64_MAX, UINT64_MAX, UINT64_MAX}}};
  for (const GcState& state : {GcState{}, largest}) {
    const std::string text = to_text(state);
    CHECK(text.size() == gc_state_size);
    CHECK(text.back() == '\n');
    CHECK(text.find('\0') == std::string::npos);
    CHECK(text.find_last_not_of(" \n") < gc_state_size - 2);
  }
}

TEST_CASE("a time that no clock shows is not believed, so that none is reckoned with") {
  const std::int64_t last = 9'000'000'000'000;
  const std::string boot_id(36, 'b');
  const GcState good{.finished = last, .duration = last, .clock = {boot_id, last, last, last, last}};
  CHECK(parse_gc_state(to_text(good)) == good);
  GcState state = good;
  state.finished = last + 1;
  CHECK_FALSE(parse_gc_state(to_text(state)));
  state = good;
  state.duration = -1;
  CHECK_FALSE(parse_gc_state(to_text(state)));
  const GcState without_clock{.finished = last, .duration = last};
  for (const ClockState& clock : std::vector<ClockState>{{boot_id, INT64_MIN, 1, 1, 1},
                                                         {boot_id, 1, INT64_MIN, 1, 1},
                                                         {boot_id, 1, 1, INT64_MAX, 1},
                                                         {boot_id, 1, 1, -1, 1},
                                                         {boot_id, 1, 1, 1, INT64_MAX}}) {
    state.duration = last;
    state.clock = clock;
    CHECK(parse_gc_state(to_text(state)) == without_clock);
  }
  state = without_clock;
  state.hours = {{hour, 1, 1, 1, 1, 1}, {INT64_MAX, 1, 1, 1, 1, 1}};
  CHECK(parse_gc_state(to_text(state))->hours == std::vector<SweptHour>{{hour, 1, 1, 1, 1, 1}});
}

TEST_CASE("a text is known for a sweep's state where all of it is understood, and one of an older libsess, too") {
  GcState state{1, 2, 3, 4, 5, 6, {std::string(36, 'b'), 1, 2, 3, 4}, {{hour, 1, 1, 1, 1, 1}}};
  const std::string text = to_text(state);
  CHECK(is_gc_state(text));
  CHECK(is_gc_state(text.substr(0, 512)));
  CHECK(is_gc_state(text + "left by something longer"));
  CHECK(is_gc_state(to_text(GcState{})));
  for (const char* word : {"libsess gc 1", "leftovers", "wall 1", "held_until", "hour"}) {
    std::string other = text;
    other[other.find(word)] = '#';
    CAPTURE(word);
    CHECK_FALSE(is_gc_state(other));
  }
  const std::string written = text.substr(0, text.find_last_not_of(" \n") + 1);
  CHECK(is_gc_state(written + "\nnext_of_all 7 8\nbytes 9\n"));  // a newer one
  CHECK_FALSE(is_gc_state(written + "\nwall 7\n"));
  CHECK_FALSE(is_gc_state(written + "\nBYTES 7\n"));
  CHECK_FALSE(is_gc_state(written + "\nbytes\n"));
  CHECK_FALSE(is_gc_state(written + "\n\nbytes 7\n"));
  CHECK_FALSE(is_gc_state(""));
  CHECK_FALSE(is_gc_state(text.substr(0, 40)));
  CHECK_FALSE(is_gc_state(std::string(gc_state_size, ' ')));
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
