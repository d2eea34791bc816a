#include "../../../tools/sessctl/duration.hpp"

#include <chrono>

#include <doctest/doctest.h>

using sessctl::format_duration;
using sessctl::parse_duration;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number and a unit, seconds without one") {
  CHECK(parse_duration("90") == 90s);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("30m") == 30min);
  CHECK(parse_duration("8h") == 8h);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("200ms") == 200ms);
  CHECK(parse_duration("0") == 0ms);
  CHECK(parse_duration("007s") == 7s);
}

TEST_CASE("anything else is no duration") {
  for (const char* text : {"",
                           " ",
                           "s",
                           "-1",
                           "-1s",
                           "-0",
                           "+1s",
                           "1.5h",
                           "1h30m",
                           "30 m",
                           " 30m",
                           "30m ",
                           "30M",
                           "30min",
                           "1w",
                           "0x10",
                           "1e3",
                           "99999999999999999999",
                           "9223372036854775807d",
                           "soon"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("a duration beyond a hundred years is refused in every unit, before it overflows") {
  CHECK(parse_duration("36500d") == sessctl::longest_duration);
  CHECK_FALSE(parse_duration("36501d").has_value());
  CHECK_FALSE(parse_duration("9223372036854775807").has_value());
  CHECK_FALSE(parse_duration("9223372036854775807ms").has_value());
}

TEST_CASE("a duration is printed in the largest unit that divides it, and reads back as itself") {
  CHECK(format_duration(0ms) == "0s");
  CHECK(format_duration(30min) == "30m");
  CHECK(format_duration(90min) == "90m");
  CHECK(format_duration(48h) == "2d");
  CHECK(format_duration(1500ms) == "1500ms");
  for (const std::chrono::milliseconds duration : {0ms, 1ms, 999ms, 1000ms, 59999ms, 60000ms, 3599000ms, 86400000ms})
    CHECK(parse_duration(format_duration(duration)) == duration);
}
