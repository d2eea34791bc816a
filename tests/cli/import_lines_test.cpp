// import: what is wrong with its lines, and what it says of that.
#include "cli/move.hpp"
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using cli::counts;
using cli::Finished;
using cli::make;
using cli::Move;
using cli::Start;
using cli::TestStore;
using nlohmann::json;

TEST_CASE("a store with another keyring is refused before anything is imported") {
  const TestStore from;
  const TestStore other;
  from.create({"n=1"});
  Start start = other.start({"import"});
  start.input = from.ok({"export"}) + "\n";
  const Finished finished = cli::run(start);
  CHECK(finished.code == 78);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("keyring") != std::string::npos);
  CHECK(finished.out.empty());
  CHECK(other.ok({"ls", "--json"}).empty());
}

TEST_CASE("a keyring that was copied before a rotation is refused, and taken once it is copied again") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  move.from.ok({"rotate-keys"});
  const Finished finished = move.import(move.exported());
  CHECK(finished.code == 78);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("was rotated after it was copied") != std::string::npos);
  CHECK(finished.out.empty());
  move.copy_keyring();
  CHECK(move.import(move.exported()).out == counts(1, 0));
}

TEST_CASE("a rotation in the new store leaves it the secrets of the old one") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  move.to.ok({"rotate-keys"});
  CHECK(move.import(move.exported()).out == counts(1, 0));
}

TEST_CASE("an export that was cut off anywhere is noticed, and what is whole is imported") {
  const Move move;
  for (int i = 0; i < 4; ++i) make(move.opened(), {{"n", i}});
  const std::string text = move.exported();
  for (std::size_t size = 0; size < text.size() - 1; size += 1 + size % 61) {
    const Finished finished = move.import(text.substr(0, size));
    CAPTURE(size);
    CHECK(finished.code == 65);
    CHECK(cli::is_one_error_line(finished.err));
    for (const std::string& key : cli::lines(move.to.ok({"ls", "--full", "--columns", "key"})))
      if (key != "KEY") move.to.ok({"rm", key});
  }
  // As the message says: on from the last key.
  const std::vector<std::string> all = cli::lines(text);
  const Finished cut = move.import(all[0] + "\n" + all[1] + "\n" + all[2] + "\n" + all[3].substr(0, 20));
  CHECK(cut.out == counts(2, 0));
  const std::size_t option = cut.err.find("--after ");
  REQUIRE(option != std::string::npos);
  const std::string rest = move.from.ok({"export", "--after", cut.err.substr(option + 8, 40)}) + "\n";
  CHECK(move.import(rest).out == counts(2, 0));
  CHECK(move.to.ok({"export"}) + "\n" == text);
}

TEST_CASE("a line that is wrong is told by its number, and the others are imported") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  make(move.opened(), {{"n", 2}});
  const std::vector<std::string> good = cli::lines(move.exported());
  const json first = json::parse(good[1]);
  const auto changed = [&](const char* field, const json& value) {
    json line = first;
    line[field] = value;
    return line.dump();
  };
  const auto with_value = [&](const char* value) { return changed("values", json{{"a", json::parse(value)}}); };
  std::string deep = "1";
  for (int level = 0; level < 70; ++level) deep = "[" + deep + "]";
  for (const std::string& wrong : std::vector<std::string>{"",
                                                           "\x1b[31mred",
                                                           "{}",
                                                           "[]",
                                                           "null",
                                                           good[1].substr(0, good[1].size() / 2),
                                                           good[1] + good[1],
                                                           std::string(300, '['),
                                                           changed("type", "sitting"),
                                                           changed("key", "no key"),
                                                           changed("key", std::string(40, '0')),
                                                           changed("key", 7),
                                                           changed("kind", "famous"),
                                                           changed("generation", 0),
                                                           changed("generation", -1),
                                                           changed("generation", INT64_MAX),
                                                           changed("generation", 1.5),
                                                           changed("created_unix_ms", -1),
                                                           changed("created_unix_ms", INT64_MAX),
                                                           changed("idle_timeout_ms", 0),
                                                           changed("deadline_unix_ms", INT64_MAX),
                                                           changed("absolute_deadline_unix_ms", 1),
                                                           changed("absolute_deadline_unix_ms", "tomorrow"),
                                                           changed("principal", std::string(40, 'a')),
                                                           changed("principal", nullptr),
                                                           changed("sealed_values", "AAAA"),
                                                           changed("values", nullptr),
                                                           changed("values", {{"$bytes", "AAEC"}}),
                                                           with_value(R"({"$bytes": "AAEC/w="})"),
                                                           with_value(R"({"$bytes": 1})"),
                                                           with_value(R"({"$real": "huge"})"),
                                                           with_value(R"({"$real": "3ff0000000000000"})"),
                                                           with_value(R"({"$user": {"type": "t", "version": 1}})"),
                                                           with_value(R"({"$user": {"type": "t", "version": -1,
                                                                                    "archive": ""}})"),
                                                           with_value(R"({"$members": [["a"]]})"),
                                                           with_value(R"({"$members": [["a", 1], ["a", 2]]})"),
                                                           with_value(R"({"$string": "%%"})"),
                                                           with_value(R"({"$object": 1})"),
                                                           with_value(R"({"$new": 1})"),
                                                           with_value("18446744073709551615"),
                                                           with_value(deep.c_str())}) {
    CAPTURE(wrong);
    const Finished finished = move.import(good[0] + "\n" + wrong + "\n" + good[2] + "\n" + good[3] + "\n");
    CHECK(finished.code == 65);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("line 2") != std::string::npos);
    CHECK(finished.err.find('\x1b') == std::string::npos);
    CHECK(finished.out == counts(1, 0, 0, 0, 1));
    move.to.ok({"rm", json::parse(good[2]).at("key")});
  }
}

TEST_CASE("what is no export, or has lost lines, is told") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  make(move.opened(), {{"n", 2}});
  const std::vector<std::string> good = cli::lines(move.exported());
  for (const std::string& text :
       {std::string("a=1\n"), std::string("\n"), good[1] + "\n", good[3] + "\n",
        std::string(R"({"type":"header","format":"libsess export","version":2,"keyring":["x"]})") + "\n",
        std::string(R"({"type":"header","format":"libsess export","version":1,"keyring":"x"})") + "\n",
        std::string(R"({"type":"header","format":"libsess export","version":1,"keyring":[1]})") + "\n",
        std::string(R"({"type":"header","format":"mailbox","version":1,"keyring":["x"]})") + "\n"}) {
    const Finished finished = move.import(text);
    CAPTURE(text);
    CHECK(finished.code == 65);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.out.empty());
  }
  const Finished lost = move.import(good[0] + "\n" + good[1] + "\n" + good[3] + "\n");
  CHECK(lost.code == 65);
  CHECK(lost.out == counts(1, 0));
  CHECK(lost.err.find("2 sessions were exported, and 1 are here") != std::string::npos);
  // Two that are whole, one behind the other.
  const std::string whole = good[0] + "\n" + good[1] + "\n" + good[2] + "\n" + good[3] + "\n";
  CHECK(move.import(whole + whole).out == counts(1, 3));
  CHECK(move.import(good[0] + "\n" + good[1] + "\n" + whole).code == 65);
  const Finished absent = move.to.run({"import", move.to.directory() / "nothing"});
  CHECK(absent.code == 66);
  CHECK(cli::is_one_error_line(absent.err));
}

TEST_CASE("blank lines between two exports are nothing, and what else stands there spoils neither") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  const std::string one = move.exported();
  make(move.opened(), {{"n", 2}});
  const std::string both = move.exported();
  const Finished apart = move.import(one + "\n \t\r\n" + both);
  CHECK(apart.code == 0);
  CHECK(apart.err.empty());
  CHECK(apart.out == counts(2, 1));
  for (const std::string& line : {std::string("# the second"), cli::lines(one)[1], cli::lines(one)[2]}) {
    CAPTURE(line);
    const Finished finished = move.import(one + line + "\n" + both);
    CHECK(finished.code == 65);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("line 4") != std::string::npos);
    CHECK(finished.out == counts(0, 3, 0, 0, 1));
  }
}

TEST_CASE("an export that is cut off behind a whole one goes on from its own last key") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  const std::string whole = move.exported();
  const Finished finished = move.import(whole + cli::lines(whole)[0] + "\n");
  CHECK(finished.code == 65);
  CHECK(finished.err.find("export again") != std::string::npos);
  CHECK(finished.err.find("--after") == std::string::npos);
}

TEST_CASE("an import tells of sessions that the export had to leave out") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  const auto bad = make(move.opened(), {{"n", 2}});
  std::ofstream(move.from.record(bad.key().to_string()), std::ios::binary | std::ios::trunc) << "torn";
  const Finished exported = move.from.run({"export"});
  REQUIRE(exported.code == 65);
  const Finished finished = move.import(exported.out);
  CHECK(finished.code == 0);
  CHECK(finished.out == counts(1, 0));
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("1 more could not be read when this was exported") != std::string::npos);
}

TEST_CASE("a line that no session of the size limit has is told by its number, and the others are imported") {
  const Move move;
  make(move.opened(), {{"n", 1}});
  make(move.opened(), {{"n", std::string(100 * 1024, 'n')}});
  make(move.opened(), {{"n", 3}});
  const std::string text = move.exported();
  const auto all = cli::lines(text);
  const auto large = std::ranges::find_if(all, [](const std::string& line) { return line.size() > 100 * 1024; });
  const std::string number = std::to_string(large - all.begin() + 1);
  Start start = move.to.start({"import", "--json", "--size-limit", "1K"});
  start.input = text;
  const Finished finished = cli::run(start);
  CHECK(finished.code == 65);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err == "sessctl: import line " + number +
                            ": it is longer than that of any session of up to 1.0K; the others are imported; where "
                            "sessions are larger, import "
                            "again with --size-limit\n");
  CHECK(finished.out == counts(2, 0, 0, 0, 1));
  start.arguments.back() = "100K";
  CHECK(cli::run(start).out == counts(1, 2));
  CHECK(move.to.ok({"export"}) + "\n" == text);
  for (const char* wrong : {"0", "2G", "1025M", "x", ""}) {
    start.arguments.back() = wrong;
    cli::check_usage_error(cli::run(start));
  }
}

TEST_CASE("what is no export is not read to its end, nor taken into memory") {
  const TestStore store;
  const Finished endless = store.run({"import", "/dev/zero"});
  CHECK(endless.code == 65);
  CHECK(cli::is_one_error_line(endless.err));
  CHECK(endless.err.find("line 1: it is longer than that of any session of up to 1.0M; give what") !=
        std::string::npos);
  CHECK(endless.peak < std::uint64_t{256} * 1024 * 1024);
}

TEST_CASE("an import that a full disk ends says how many it has made, and another makes the others") {
  const Move move;
  for (const int size : {1, 1, 100 * 1024}) make(move.opened(), {{"n", std::string(size, 'n')}});
  auto all = cli::lines(move.exported());
  std::ranges::sort(all.begin() + 1, all.end() - 1, {}, &std::string::size);
  std::string text;
  for (const std::string& line : all) text += line + "\n";
  Start start = move.to.start({"import", "--json"});
  start.input = text;
  start.largest_file = 4096;
  const Finished finished = cli::run(start);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(
      finished.err.ends_with(": File too large; raise the limit of file size (ulimit -f), then try again; imported so "
                             "far: 2 sessions, and another import makes the others\n"));
  start.largest_file.reset();
  CHECK(cli::run(start).out == counts(1, 2));
  CHECK(move.to.ok({"export"}) == move.from.ok({"export"}));
}
