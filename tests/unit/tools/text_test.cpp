// Escaping, and times and sizes for people.
#include "../../../tools/sessctl/escape.hpp"
#include "../../../tools/sessctl/human.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using namespace sessctl;
using namespace std::chrono_literals;

TEST_CASE("text without control characters stays as it is") {
  for (const char* text :
       {"", "plain", "\\ \" '", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC2\xA0", "\xF4\x8F\xBF\xBF"})
    CHECK(without_controls(text) == text);
}

TEST_CASE("control characters, line separators and direction overrides are escaped") {
  CHECK(without_controls("a\x1b[31m\r\n\t\x7f") == "a\\u001b[31m\\u000d\\u000a\\u0009\\u007f");
  CHECK(without_controls(std::string_view("\0", 1)) == "\\u0000");
  CHECK(without_controls("\xC2\x80\xC2\x9B\xC2\x9F") == "\\u0080\\u009b\\u009f");
  CHECK(without_controls("\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\x8F\xD8\x9C\xEF\xBB\xBF") ==
        "\\u2028\\u202e\\u2066\\u200f\\u061c\\ufeff");
  CHECK(without_controls_but_lines("a\nb\tc\x1b") == "a\nb\\u0009c\\u001b");
  CHECK(json_quoted("a\"b\\c\nd\x1b") == R"("a\"b\\c\nd\u001b")");
  CHECK(quoted("a\nb") == R"("a\u000ab")");
}

TEST_CASE("a message shows a name, but too little of one that may be an ID") {
  CHECK(quoted_name("") == R"("")");
  CHECK(quoted_name("a\nb") == R"("a\u000ab")");
  CHECK(quoted_name(std::string(32, 'x')) == '"' + std::string(32, 'x') + '"');
  CHECK(quoted_name(std::string(60, 'x')) == '"' + std::string(32, 'x') + "\"...");
}

TEST_CASE("each byte that is not UTF-8 becomes a replacement character") {
  const std::string sign = "\xEF\xBF\xBD";
  CHECK(without_controls("\xFFz") == sign + "z");
  CHECK(without_controls("\x9B"
                         "31m") == sign + "31m");                            // CSI of an 8-bit terminal
  CHECK(without_controls("\xC0\x9B") == sign + sign);                        // overlong
  CHECK(without_controls("\xE0\x82\x9B") == sign + sign + sign);             // overlong
  CHECK(without_controls("\xED\xA0\x80") == sign + sign + sign);             // a surrogate
  CHECK(without_controls("\xF4\x90\x80\x80") == sign + sign + sign + sign);  // beyond U+10FFFF
  CHECK(without_controls("\xE2\x82") == sign + sign);                        // cut off
  CHECK(without_controls("\xC3\x1b") == sign + "\\u001b");                   // a lead byte hides nothing
}

TEST_CASE("ages are rounded down to one unit and never wider than five characters") {
  CHECK(human_age(-5s) == "0s");
  CHECK(human_age(999ms) == "0s");
  CHECK(human_age(59'999ms) == "59s");
  CHECK(human_age(60s) == "1m");
  CHECK(human_age(3599s) == "59m");
  CHECK(human_age(24h - 1s) == "23h");
  CHECK(human_age(24h) == "1d");
  CHECK(human_age(24h * 9999) == "9999d");
  CHECK(human_age(24h * 10'000) == "27y");
  CHECK(human_age(24h * 36'500) == "99y");
}

TEST_CASE("sizes are in bytes, then in powers of 1024, and never wider than five characters") {
  CHECK(human_size(0) == "0");
  CHECK(human_size(1023) == "1023");
  CHECK(human_size(1024) == "1.0K");
  CHECK(human_size(1229) == "1.2K");
  CHECK(human_size(10'188) == "9.9K");
  CHECK(human_size(10'189) == "10K");
  CHECK(human_size(1024 * 1023) == "1023K");
  CHECK(human_size(1024 * 1024 - 1) == "1.0M");
  CHECK(human_size(std::uint64_t{5} << 30) == "5.0G");
  CHECK(human_size(UINT64_MAX) == "16E");
}

TEST_CASE("times are printed in UTC to the second") {
  const std::chrono::system_clock::time_point epoch;
  CHECK(utc_time(epoch) == "1970-01-01T00:00:00Z");
  CHECK(utc_time(epoch + 1'772'368'496'999ms) == "2026-03-01T12:34:56Z");
  CHECK(utc_time(epoch - 1ms) == "1969-12-31T23:59:59Z");
}
