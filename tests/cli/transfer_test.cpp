// export and import: sessions that go from one store to another, as an operator moves them.
#include "cli/move.hpp"
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::counts;
using cli::Finished;
using cli::make;
using cli::Move;
using cli::Running;
using cli::Start;
using cli::TestStore;
using nlohmann::json;
using sess::Value;
using sess::Values;

namespace {

Value::Bytes bytes_of(const std::string& text) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

std::string record_of(const TestStore& store, const sess::SessionKey& key) {
  std::ifstream file(store.record(key.to_string()), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Every type of value, with all that a JSON writer could get wrong.
Values awkward() {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  Values values{{"null", Value()},
                {"true", true},
                {"false", false},
                {"least", std::numeric_limits<std::int64_t>::min()},
                {"most", std::numeric_limits<std::int64_t>::max()},
                {"zero", 0},
                {"text",
                 "Gr\xC3\xBC\xC3\x9F"
                 "e \xF0\x9F\x8D\xB5 \"quoted\" \\ / \x01\x1f\x7f \xE2\x80\xA8"},
                {"zero byte", std::string("a\0b", 3)},
                {"no UTF-8", "\xFF\xC0\x80"},
                {"surrogate", "\xED\xA0\x80"},
                {"every byte", every_byte},
                {"empty", ""},
                {"bytes", bytes_of(every_byte)},
                {"no bytes", Value::Bytes()},
                {"no elements", Value::Array()},
                {"no members", Value::Object()},
                {"user", Value::UserType{"shop.cart", 4294967295U, bytes_of(every_byte)}},
                {"user of another tongue", Value::UserType{"\xFF", 0, {}}},
                {"", "a name that is empty"},
                {"$bytes", "a name like a form"},
                {"\xFE name", Value::Object{{"\xFE", Value(Value::Object{{"\xFD", 1}})}, {"plain", 2}}}};
  int number = 0;
  for (const char* name : {"$bytes", "$user", "$real", "$object", "$string", "$members", "$", "$new"}) {
    values["form " + std::to_string(number++)] = Value::Object{{name, "AAEC"}};
    values["form " + std::to_string(number++)] =
        Value::Object{{"$object", Value(Value::Object{{name, Value(Value::Array{1})}})}};
  }
  for (const double real :
       {0.0, -0.0, 0.1, 1.0, -1e300, 1e16, 123456789012345680.0, std::numeric_limits<double>::denorm_min(),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::max(), std::numeric_limits<double>::epsilon(),
        std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::quiet_NaN(),
        std::bit_cast<double>(std::uint64_t{0x7ff0000000000001}), std::nextafter(0.1, 1.0)})
    values["real " + std::to_string(number++)] = real;
  Value deep = 1;
  for (int level = 1; level < Value::depth_limit; ++level)
    deep = level % 2 == 0 ? Value(Value::Array{deep}) : Value(Value::Object{{"\xFF$", deep}});
  values["deep"] = deep;
  return values;
}

}  // namespace

TEST_CASE("a move brings every type of value back bit by bit, and every fact") {
  const Move move;
  const sess::Store store = move.opened();
  std::vector<sess::SessionKey> keys{make(store, awkward()).key(), make(store, {}).key(),
                                     make(store, {{"$bytes", "the only one"}}).key(),
                                     make(store, {{"\xFF", Value(Value::Object{{"$user", 1}})}}).key(),
                                     make(store, awkward(),
                                          {.kind = sess::SessionKind::authenticated,
                                           .principal = "ann",
                                           .idle_timeout = std::chrono::milliseconds(3600001),
                                           .lifetime = std::chrono::hours(24 * 365)})
                                         .key()};
  for (int i = 0; i < 7; ++i) REQUIRE(store.update(keys.back(), [](sess::Editor& editor) { editor.add("hits", 1); }));
  const sess::Store sealing = sess::Store::open(move.from.path(), {.sealed = true});
  const sess::SessionId sealed = make(sealing, awkward());
  keys.push_back(sealed.key());

  const std::string text = move.exported();
  CHECK(std::ranges::all_of(text, [](char each) { return each == '\n' || (each >= ' ' && each <= '~'); }));
  CHECK(text.find(sealed.reveal()) == std::string::npos);
  const Finished imported = move.import(text);
  CHECK(imported.code == 0);
  CHECK(imported.err.empty());
  CHECK(imported.out == counts(6, 0));
  // Byte for byte, with the checksum: the values, the generation and all times.
  for (const sess::SessionKey& key : keys) {
    CHECK(record_of(move.from, key) == record_of(move.to, key));
    CHECK(move.from.deadline(key.to_string()) == move.to.deadline(key.to_string()));
  }
  CHECK(move.to.ok({"export"}) + "\n" == text);
  // Whoever has the ID has the session, and the user has his.
  const sess::Store there = sess::Store::open(move.to.path());
  const auto id = there.parse(sealed.reveal());
  REQUIRE(id);
  CHECK(there.snapshot(*id)->get<std::string>("text") == awkward().at("text").as<std::string>());
  CHECK(there.sessions_of("ann")->size() == 1);
  CHECK(there.destroy_principal("ann").ok());
  CHECK(there.snapshot(keys[4]).outcome() == sess::Outcome::absent);
}

TEST_CASE("an import that is run again finds everything done, and touches nothing that is used by now") {
  const Move move;
  const sess::Store store = move.opened();
  const auto first = make(store, {{"n", 1}});
  const auto second = make(store, {{"n", 2}});
  const std::string text = move.exported();
  CHECK(move.import(text).out == counts(2, 0));
  CHECK(move.import(text).out == counts(0, 2));
  move.to.ok({"set", first.key().to_string(), "n:=5"});
  const Finished again = move.import(text);
  CHECK(again.out == counts(0, 1, 1));
  CHECK(again.code == 0);
  CHECK(move.to.ok({"get", first.key().to_string(), "n"}) == "5");
  CHECK(move.to.ok({"get", second.key().to_string(), "n"}) == "2");
}

TEST_CASE("what has expired since it was exported is not imported") {
  const Move move;
  make(move.opened(), {{"n", 1}}, {.idle_timeout = std::chrono::milliseconds(300)});
  make(move.opened(), {{"n", 2}});
  const std::string text = move.exported();
  cli::outlive(std::chrono::milliseconds(300));
  const int exported = static_cast<int>(cli::lines(text).size()) - 2;  // on a slow machine the first is over by then
  CHECK(move.import(text).out == counts(1, 0, 0, exported - 1));
  CHECK(cli::lines(move.to.ok({"ls", "--json"})).size() == 1);
}

TEST_CASE("export takes the sessions that ls would list, and goes on after a key") {
  const TestStore store;
  std::vector<std::string> keys;
  for (int i = 0; i < 5; ++i) keys.push_back(store.create_key({"n:=1"}));
  store.create({"big=" + std::string(5000, 'x')});
  CHECK(cli::lines(store.ok({"export", "--larger-than", "4K"})).size() == 3);
  CHECK(cli::lines(store.ok({"export", "--kind", "authenticated"})).size() == 2);
  std::vector<std::string> all = cli::lines(store.ok({"export"}));
  REQUIRE(all.size() == 8);
  CHECK(json::parse(all.back()) ==
        json{{"type", "end"}, {"sessions", 6}, {"left_out", 0}, {"directories_left_out", 0}});
  const std::string third = json::parse(all[3]).at("key");
  std::vector<std::string> rest = cli::lines(store.ok({"export", "--after", cli::upper_case(third)}));
  REQUIRE(rest.size() == 5);
  CHECK(std::equal(rest.begin() + 1, rest.end() - 1, all.begin() + 4));
  CHECK(json::parse(rest.back()).at("sessions") == 3);
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"export", "--after", third.substr(1)},
                                                                     {"export", "--after", third, "--principal", "ann"},
                                                                     {"export", "extra"},
                                                                     {"import", "one", "two"}}) {
    const Finished finished = store.run(arguments);
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
  }
}

TEST_CASE("a record that cannot be read is left out of an export, and said") {
  const TestStore store;
  const std::string good = store.create_key({"n=1"});
  const std::string bad = store.create_key({"n=2"});
  std::ofstream(store.record(bad), std::ios::binary | std::ios::trunc) << "torn";
  // Nobody can tell whether it is meant: not to say so would be to call a backup whole.
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"export"}, {"export", "--kind", "anonymous"}}) {
    const Finished finished = store.run(arguments);
    CHECK(finished.code == 65);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(bad) != std::string::npos);
    REQUIRE(cli::lines(finished.out).size() == 3);
    CHECK(json::parse(cli::lines(finished.out)[1]).at("key") == good);
    CHECK(json::parse(cli::lines(finished.out)[2]).at("left_out") == 1);
  }
}

TEST_CASE("an import that is killed in the middle, and run again, ends as one that was not") {
  const Move move;
  const sess::Store store = move.opened();
  for (int i = 0; i < 40; ++i)
    make(store, {{"n", i}},
         i % 2 == 0 ? sess::CreateOptions{}
                    : sess::CreateOptions{.kind = sess::SessionKind::authenticated, .principal = "ann"});
  const std::string text = move.exported();
  const std::string pipe = move.to.directory() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  Running running(move.to.start({"import", pipe}));
  const int end = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(end >= 0);
  const std::string half = text.substr(0, text.size() / 2);
  REQUIRE(::write(end, half.data(), half.size()) == static_cast<ssize_t>(half.size()));
  // It has made what is whole of that, and waits for more.
  const auto whole = static_cast<std::size_t>(std::ranges::count(half, '\n')) - 1;
  const sess::Store there = sess::Store::open(move.to.path());
  const auto too_late = std::chrono::steady_clock::now() + std::chrono::minutes(2);  // it has died
  std::size_t made = 0;
  while (made < whole && std::chrono::steady_clock::now() < too_late) {
    made = 0;
    there.list([&](const sess::SessionEntry&) { return ++made > 0; });
  }
  CHECK(made == whole);
  REQUIRE(::kill(running.process(), SIGKILL) == 0);
  CHECK(running.wait().code == -SIGKILL);
  ::close(end);
  const Finished again = move.import(text);
  CHECK(again.code == 0);
  CHECK(again.out == counts(40 - static_cast<int>(whole), static_cast<int>(whole)));
  CHECK(move.to.ok({"export"}) + "\n" == text);
  CHECK(there.sessions_of("ann")->size() == 20);
}

TEST_CASE("two imports of one file at once make each session once") {
  const Move move;
  for (int i = 0; i < 100; ++i)
    make(move.opened(), {{"n", i}}, {.kind = sess::SessionKind::authenticated, .principal = "ann"});
  const std::string text = move.exported();
  Start start = move.to.start({"import", "--json"});
  start.input = text;
  Running one(start);
  Running other(start);
  int imported = 0;
  for (Running* const each : {&one, &other}) {
    const Finished finished = each->wait();
    CHECK(finished.code == 0);
    CHECK(finished.err.empty());
    const json result = json::parse(finished.out);
    CHECK(result.at("imported").get<int>() + result.at("unchanged").get<int>() == 100);
    imported += result.at("imported").get<int>();
  }
  CHECK(imported == 100);
  CHECK(move.to.ok({"export"}) + "\n" == text);
  CHECK(sess::Store::open(move.to.path()).sessions_of("ann")->size() == 100);
}

TEST_CASE("every line of an export beside writers is a committed version, and nobody waits") {
  const TestStore store;
  const sess::Store opened = sess::Store::open(store.path());
  std::vector<sess::SessionId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(make(opened, {{"left", 0}, {"right", 0}}));
  std::atomic<bool> is_over = false;
  std::vector<std::thread> writers;
  for (std::size_t writer = 0; writer < 4; ++writer)
    writers.emplace_back([&, writer] {
      for (std::size_t at = writer; !is_over; ++at)
        static_cast<void>(opened.update(ids[at % ids.size()], [](sess::Editor& editor) {
          editor.add("left", 1);
          editor.add("right", 1);
        }));
    });
  // Held locked all the time.
  const sess::SessionId held = make(opened, {{"left", 0}, {"right", 0}});
  auto locked = opened.lock(held);
  REQUIRE(locked);
  std::map<std::string, std::uint64_t> newest;
  for (int i = 0; i < 10; ++i) {
    const Finished finished = store.run({"export"});
    CHECK(finished.code == 0);
    const std::vector<std::string> all = cli::lines(finished.out);
    CHECK(all.size() == 23);
    for (const std::string& line : all) {
      const json session = json::parse(line);
      if (session.at("type") != "session") continue;
      const auto generation = session.at("generation").get<std::uint64_t>();
      CHECK(session.at("values").at("left") == session.at("values").at("right"));
      CHECK(session.at("values").at("left") == generation - 1);
      CHECK(generation >= newest[session.at("key")]);
      newest[session.at("key")] = generation;
    }
  }
  is_over = true;
  for (std::thread& writer : writers) writer.join();
}

TEST_CASE("an export that cannot be written, or that nobody reads, ends as other commands do") {
  const TestStore store;
  store.create({"a=1"});
  Start start = store.start({"export"});
  start.output = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  Finished finished = cli::run(start);
  ::close(start.output);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  ::close(ends[0]);
  start.output = ends[1];
  finished = cli::run(start);
  ::close(ends[1]);
  CHECK(finished.code == 141);
  CHECK(finished.err.empty());
}

TEST_CASE("an import that meets a limit of the file system ends with 74, and goes on when that is lifted") {
  const Move move;
  make(move.opened(), {{"a", "small"}});
  make(move.opened(), {{"b", std::string(20'000, 'x')}});
  const std::string text = move.exported();
  Start start = move.to.start({"import"});
  start.input = text;
  start.largest_file = 4096;
  const Finished finished = cli::run(start);
  CHECK(finished.code == 74);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.out.empty());
  const std::string listed = move.to.ok({"ls", "--json"});
  CHECK(listed.find("problem") == std::string::npos);
  const int before = static_cast<int>(cli::lines(listed).size());
  CHECK(move.import(text).out == counts(2 - before, before));
}
