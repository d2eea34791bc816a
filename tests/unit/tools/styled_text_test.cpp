// Text for a person's terminal, and what is said of how far something has come.
#include "../../../tools/sessctl/styled_text.hpp"
#include "../../../tools/sessctl/input_lines.hpp"
#include "../../../tools/sessctl/progress.hpp"
#include "support/temporary_directory.hpp"

#include <clocale>
#include <cstdio>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>

namespace sessctl {
namespace {

using std::chrono::milliseconds;

/// Until the end of a test.
class Locale {
 public:
  explicit Locale(const char* name) : before_(std::setlocale(LC_CTYPE, nullptr)) {
    REQUIRE(std::setlocale(LC_CTYPE, name) != nullptr);
  }
  ~Locale() { std::setlocale(LC_CTYPE, before_.c_str()); }
  Locale(const Locale&) = delete;
  Locale& operator=(const Locale&) = delete;

 private:
  std::string before_;
};

TEST_CASE("text is cut where the next character does not fit") {
  const Locale locale("C.UTF-8");
  CHECK(locale_is_utf8());
  CHECK(cut_to("abc", 0).empty());
  CHECK(cut_to("abc", 2) == "ab");
  CHECK(cut_to("abc", 3) == "abc");
  CHECK(cut_to("\u00fcbc", 2) == "\u00fcb");
  // Two columns each, and an accent that has none.
  CHECK(cut_to("\u65e5\u672c", 3) == "\u65e5");
  CHECK(cut_to("\u65e5\u672c", 4) == "\u65e5\u672c");
  CHECK(cut_to("e\u0301x", 1) == "e\u0301");
  CHECK(cut_to("\xff\xff\xff", 2) == "\xff\xff");
}

TEST_CASE("a line is cut across its pieces, and keeps what stands out") {
  const StyledLine line{{"good", Accent::good}, {"  text"}};
  CHECK(to_text(line, false) == "good  text");
  CHECK(to_text(line, true) == "\x1b[32mgood\x1b[m  text");
  CHECK(to_text(cut_to(line, 7), true) == "\x1b[32mgood\x1b[m  t");
  CHECK(to_text(cut_to(line, 4), true) == "\x1b[32mgood\x1b[m");
  CHECK(to_text(cut_to(line, 2), true) == "\x1b[32mgo\x1b[m");
  CHECK(to_text(cut_to(line, 0), true).empty());
}

TEST_CASE("what a terminal has no characters for is escaped") {
  const Locale locale("C");
  CHECK_FALSE(locale_is_utf8());
  CHECK(ascii_only("a\x1b[m\n") == "a\x1b[m\n");
  CHECK(ascii_only("J\u00fcrgen \u65e5\U0001f511") == "J\\u00fcrgen \\u65e5\\U0001f511");
  CHECK(ascii_only("\xff") == "\\ufffd");
}

TEST_CASE("how far something has come is said, and how long it may take where that can be known") {
  CHECK(progress_line(1200, "records", -1, milliseconds(5000)) == "1200 records");
  CHECK(progress_line(0, "records", 0, milliseconds(5000)) == "0 records");
  CHECK(progress_line(1200, "records", 0.25, milliseconds(5000)) == "1200 records, 25%, about 15s left");
  CHECK(progress_line(1200, "records", 1, milliseconds(5000)) == "1200 records, 100%, about 0s left");
}

TEST_CASE("a line that is too long is passed over, wherever it is") {
  const sess::test::TemporaryDirectory directory;
  const std::string path = directory / "file";
  const std::string longest(10, 'l');
  const std::string longer = longest + 'x';
  const std::string much_longer(1024 * 1024, 'm');  // than what is read at once
  std::ofstream(path) << longer << '\n' << longest << "\n" << much_longer << "\n\n" << longest << '\n' << much_longer;
  InputLines lines(path, longest.size());
  for (const std::string& line : {longer, longest, much_longer, std::string(), longest, much_longer}) {
    CAPTURE(lines.number());
    const bool is_taken = line.size() <= longest.size();
    CHECK(lines.next() == (is_taken ? line : std::string()));
    CHECK(lines.is_too_long() != is_taken);
  }
  CHECK(lines.number() == 6);
  CHECK_FALSE(lines.next());
  CHECK_FALSE(lines.is_too_long());
}

TEST_CASE("of a file it is known how much has been read, of a pipe not") {
  const sess::test::TemporaryDirectory directory;
  const std::string path = directory / "file";
  // More than is read at once.
  std::ofstream(path) << std::string(300 * 1024 - 1, 'a') << '\n' << std::string(300 * 1024 - 1, 'b') << '\n';
  InputLines lines(path, 1024 * 1024);
  CHECK(lines.share() == 0);
  REQUIRE(lines.next());
  CHECK(lines.share() > 0.4);
  CHECK(lines.share() < 1);
  REQUIRE(lines.next());
  CHECK_FALSE(lines.next());
  CHECK(lines.share() == 1);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "a\n", 2) == 2);
  ::close(ends[1]);
  InputLines of_pipe("pipe", ends[0], 1024);
  REQUIRE(of_pipe.next());
  CHECK(of_pipe.share() < 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace sessctl
