// import --php, of session files that Debian's php-cgi has written in requests.
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;
using nlohmann::json;
using sess::Value;
using sess::Values;

namespace {

constexpr const char* program = R"php(<?php
session_start();
class Cart { public $items = ['tea']; private $note = 'p'; }
enum Suit: string { case Hearts = 'H'; }
$id = $_SERVER['QUERY_STRING'];
if (str_starts_with($id, 'plain')) {
  $_SESSION['null'] = null;
  $_SESSION['true'] = true;
  $_SESSION['false'] = false;
  $_SESSION['least'] = PHP_INT_MIN;
  $_SESSION['most'] = PHP_INT_MAX;
  $_SESSION['tenth'] = 0.1;
  $_SESSION['negative zero'] = -0.0;
  $_SESSION['inf'] = INF;
  $_SESSION['-inf'] = -INF;
  $_SESSION['nan'] = NAN;
  $_SESSION['big'] = 1e25;
  $_SESSION['least real'] = 5e-324;
  $_SESSION['text'] = "Gr\u{fc}\u{df}e \u{1f375};|\"}'\0";
  $_SESSION['binary'] = "\xff\x00\xfe";
  $_SESSION['empty'] = '';
  $_SESSION['list'] = [1, 'two', [3.5, []]];
  $_SESSION['map'] = ['a' => 1, 'b' => ['c' => null]];
  $_SESSION['numbers'] = ['1' => 'one', '01' => 'oh one', -3 => 'minus three'];
  $_SESSION['order'] = [1 => 'b', 0 => 'a'];
}
if (str_starts_with($id, 'objects')) {
  $_SESSION['n'] = 1;
  $_SESSION['cart'] = new Cart;
  $_SESSION['list'] = [1, new ArrayObject([2]), 3, new SplObjectStorage, new DateTime('2020-01-01')];
}
if (str_starts_with($id, 'enum')) { $_SESSION['n'] = 1; $_SESSION['suit'] = Suit::Hearts; }
if (str_starts_with($id, 'reference')) {
  $both = [1];
  $_SESSION['n'] = 1;
  $_SESSION['one'] = &$both;
  $_SESSION['other'] = &$both;
}
)php";

/// Files of PHP, and a store to import them into.
struct Php {
  TestStore store;
  std::filesystem::path directory = store.directory() / "php";
  std::string map = store.directory() / "map";

  Php() {
    std::filesystem::create_directory(directory);
    std::ofstream(store.directory() / "site.php") << program;
  }
  /// One request with such a cookie: what the script stores depends on its first letters.
  std::filesystem::path request(const std::string& id, const std::string& handler = "php",
                                const std::string& precision = "-1") const {
    const std::string command =
        "env -i REDIRECT_STATUS=1 REQUEST_METHOD=GET QUERY_STRING=" + id + " HTTP_COOKIE=PHPSESSID=" + id +
        " SCRIPT_FILENAME='" + (store.directory() / "site.php").string() + "' \"$(command -v php-cgi)\"" +
        " -n -d session.save_handler=files -d session.use_strict_mode=0 -d session.save_path='" + directory.string() +
        "' -d session.serialize_handler=" + handler + " -d serialize_precision=" + precision + " >'" +
        (store.directory() / "answer").string() + "' 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);  // NOLINT(concurrency-mt-unsafe) one thread
    std::filesystem::path file = directory / ("sess_" + id);
    REQUIRE(std::filesystem::exists(file));
    return file;
  }
  Finished import(std::vector<std::string> options = {}) const {
    std::vector<std::string> arguments{"import", "--json", "--php", directory, "--map", map};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return store.run(arguments);
  }
  /// By PHP's ID.
  std::string new_id(const std::string& php_id) const {
    std::ifstream file(map);
    for (std::string line; std::getline(file, line);)
      if (line.starts_with(php_id + " ")) return line.substr(php_id.size() + 1);
    return {};
  }
  std::string map_text() const {
    std::ifstream file(map);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  sess::Snapshot session(const std::string& php_id) const {
    const sess::Store opened = sess::Store::open(store.path());
    const auto id = opened.parse(new_id(php_id));
    REQUIRE(id);
    return opened.snapshot(*id).value();
  }
};

json counts(int imported, int failed, int unchanged = 0, int empty = 0, int expired = 0) {
  return {{"imported", imported}, {"failed", failed},   {"unchanged", unchanged},
          {"empty", empty},       {"expired", expired}, {"kept", 0}};
}

Values plain() {
  using Real = std::numeric_limits<double>;
  return {{"null", Value()},
          {"true", true},
          {"false", false},
          {"least", std::numeric_limits<std::int64_t>::min()},
          {"most", std::numeric_limits<std::int64_t>::max()},
          {"tenth", 0.1},
          {"negative zero", -0.0},
          {"inf", Real::infinity()},
          {"-inf", -Real::infinity()},
          {"big", 1e25},
          {"least real", 5e-324},
          {"text", std::string("Gr\xC3\xBC\xC3\x9F"
                               "e \xF0\x9F\x8D\xB5;|\"}'\0",
                               18)},
          {"binary", Value::Bytes{std::byte{0xFF}, std::byte{0}, std::byte{0xFE}}},
          {"empty", ""},
          {"list", Value::Array{1, "two", Value(Value::Array{3.5, Value(Value::Array{})})}},
          {"map", Value::Object{{"a", 1}, {"b", Value(Value::Object{{"c", Value()}})}}},
          {"numbers", Value::Object{{"1", "one"}, {"01", "oh one"}, {"-3", "minus three"}}},
          {"order", Value::Object{{"0", "a"}, {"1", "b"}}}};
}

}  // namespace

TEST_CASE("what php-cgi has written comes as it was, by each of its handlers") {
  for (const std::string handler : {"php", "php_binary", "php_serialize"})
    for (const std::string precision : {"-1", "17"})
      for (const bool is_told : {false, true}) {
        CAPTURE(handler);
        CAPTURE(precision);
        CAPTURE(is_told);
        const Php php;
        const std::string id = "plain0123456789abcdef";
        const auto file = php.request(id, handler, precision);
        const std::string before = [&] {
          std::ifstream in(file, std::ios::binary);
          return std::string(std::istreambuf_iterator<char>(in), {});
        }();
        const Finished finished =
            php.import(is_told ? std::vector<std::string>{"--php-handler", handler} : std::vector<std::string>{});
        CHECK(finished.code == 0);
        CHECK(finished.err.empty());
        CHECK(json::parse(finished.out) == counts(1, 0));
        const sess::Snapshot session = php.session(id);
        Values values = session.values();
        CHECK(std::isnan(values.at("nan").as<double>()));
        CHECK(std::signbit(values.at("negative zero").as<double>()));
        values.erase("nan");
        CHECK(values == plain());
        CHECK(session.facts().kind == sess::SessionKind::anonymous);
        // PHP's file stays as it was.
        std::ifstream in(file, std::ios::binary);
        CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == before);
      }
}

TEST_CASE("files with objects, enumerations and references are reported and not imported, or only the rest of them") {
  for (const std::string handler : {"php", "php_binary", "php_serialize"}) {
    CAPTURE(handler);
    const Php php;
    const std::string tail = "0123456789abcdef";
    for (const std::string kind : {"objects", "enum", "reference"}) php.request(kind + tail, handler);
    php.request("plain" + tail, handler);
    const Finished refused = php.import();
    CHECK(refused.code == 65);
    CHECK(json::parse(refused.out) == counts(1, 3));
    const std::vector<std::string> said = cli::lines(refused.err);
    REQUIRE(said.size() == 3);
    for (const std::string& line : said) {
      CHECK(line.find("--skip-objects") != std::string::npos);
      CHECK(line.find(tail) == std::string::npos);  // a cookie of somebody
    }
    CHECK(refused.err.find("class \"Cart\" and 3 more") != std::string::npos);
    CHECK(refused.err.find("\"Suit:Hearts\"") != std::string::npos);
    CHECK(refused.err.find("a reference") != std::string::npos);
    CHECK(cli::lines(php.store.ok({"ls", "--json"})).size() == 1);

    const Finished finished = php.import({"--skip-objects"});
    CHECK(finished.code == 0);
    CHECK(json::parse(finished.out) == counts(3, 0, 1));
    CHECK(php.session("objects" + tail).values() ==
          Values{{"n", 1}, {"list", Value(Value::Object{{"0", 1}, {"2", 3}})}});
    CHECK(php.session("enum" + tail).values() == Values{{"n", 1}});
    CHECK(php.session("reference" + tail).values() == Values{{"n", 1}, {"one", Value(Value::Array{1})}});
  }
}

TEST_CASE("a session without variables has no session here, whatever the handler") {
  for (const std::string handler : {"php", "php_binary", "php_serialize"}) {
    const Php php;
    php.request("empty0123456789abcdef", handler);
    CHECK(json::parse(php.import().out) == counts(0, 0, 0, 1));
    CHECK(php.store.ok({"ls", "--json"}).empty());
    CHECK(php.new_id("empty0123456789abcdef").empty());
  }
}

TEST_CASE("a file that a request has locked is said to be busy, and taken the next time") {
  const Php php;
  const auto file = php.request("plain0123456789abcdef");
  const int held = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(held >= 0);
  REQUIRE(::flock(held, LOCK_EX) == 0);  // as ext/session/mod_files.c does
  const Finished busy = php.import();
  CHECK(busy.code == 75);
  CHECK(cli::is_one_error_line(busy.err));
  CHECK(json::parse(busy.out) == counts(0, 1));
  ::close(held);
  CHECK(json::parse(php.import().out) == counts(1, 0));
}

TEST_CASE("the times of a session are those of PHP: used last when the file was written, idle as long as it says") {
  const Php php;
  const auto file = php.request("plain0123456789abcdef");
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto used = now - std::chrono::minutes(10);
  const auto set_times = [&](std::chrono::sys_seconds time) {
    const timespec each{time.time_since_epoch().count(), 0};
    const std::array<timespec, 2> times{each, each};
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0) == 0);
  };
  set_times(used);
  CHECK(json::parse(php.import({"--idle", "9m"}).out) == counts(0, 0, 0, 0, 1));
  CHECK(php.store.ok({"ls", "--json"}).empty());
  CHECK(json::parse(php.import({"--idle", "20m", "--lifetime", "15m"}).out) == counts(1, 0));
  const sess::SessionFacts facts = php.session("plain0123456789abcdef").facts();
  CHECK(facts.created == used);
  CHECK(facts.idle_timeout == std::chrono::minutes(20));
  CHECK(facts.deadline == used + std::chrono::minutes(15));
  CHECK(facts.absolute_deadline == used + std::chrono::minutes(15));
}

TEST_CASE("the map is for its owner alone, holds each session once, and keeps an import from making one twice") {
  const Php php;
  php.request("plainone0123456789abcdef");
  CHECK(json::parse(php.import().out) == counts(1, 0));
  struct stat status {};
  REQUIRE(::stat(php.map.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const std::string first = php.new_id("plainone0123456789abcdef");
  php.request("plaintwo0123456789abcdef");
  const Finished again = php.import();
  CHECK(json::parse(again.out) == counts(1, 0, 1));
  CHECK(again.out.find(first) == std::string::npos);
  CHECK(php.new_id("plainone0123456789abcdef") == first);
  CHECK(cli::lines(php.store.ok({"ls", "--json"})).size() == 2);

  // Killed after the line of a third, so before the mark behind it: its session is made now, and no other.
  php.request("plainthree0123456789abcdef");
  CHECK(json::parse(php.import().out) == counts(1, 0, 2));
  const std::string third = php.new_id("plainthree0123456789abcdef");
  REQUIRE(cli::lines(php.map_text()).back() == "# made");
  std::filesystem::resize_file(php.map, php.map_text().size() - std::string_view("# made\n").size());
  const sess::Store opened = sess::Store::open(php.store.path());
  std::filesystem::remove(php.store.record(opened.parse(third)->key().to_string()));
  // And the power was cut while a line was written.
  std::ofstream(php.map, std::ios::app) << "plainfour01234";
  CHECK(json::parse(php.import().out) == counts(1, 0, 2));
  CHECK(php.new_id("plainthree0123456789abcdef") == third);
  std::vector<std::string> lines = cli::lines(php.map_text());
  std::erase(lines, "# made");
  CHECK(lines.size() == 3);
  // The visitor's new cookie opens it.
  cli::Start start = php.store.start({"get", "--id", "-", "tenth"});
  start.input = third + "\n";
  CHECK(cli::run(start).out == "0.1\n");
}

TEST_CASE("a session that has ended since it was imported was made again by the next import") {
  const Php php;
  php.request("plainann0123456789abcdef");
  CHECK(json::parse(php.import().out) == counts(1, 0));
  const sess::Store opened = sess::Store::open(php.store.path());
  REQUIRE(opened.destroy(*opened.parse(php.new_id("plainann0123456789abcdef"))));
  const std::string before = php.map_text();
  CHECK(json::parse(php.import().out) == counts(0, 0, 1));
  CHECK(php.map_text() == before);
  php.request("plainbob0123456789abcdef");
  CHECK(json::parse(php.import().out) == counts(1, 0, 1));
  CHECK(cli::lines(php.store.ok({"ls", "--json"})).size() == 1);
}

TEST_CASE("a session of PHP's that could not be made is tried again, though the import went to its end") {
  const Php php;
  std::string deep = "N;";
  for (int i = 0; i < 70; ++i) deep = "a:1:{i:0;" + deep + "}";
  const auto file = php.directory / "sess_plaindeep0123456789abcdef";
  std::ofstream(file) << "a|" << deep;
  php.request("plain0123456789abcdef");
  const json first = json::parse(php.import().out);
  CHECK(first["imported"] == 1);
  CHECK(first["failed"] == 1);
  std::ofstream(file) << "a|N;";
  CHECK(json::parse(php.import().out) == counts(1, 0, 1));
  CHECK(json::parse(php.import().out) == counts(0, 0, 2));
}

TEST_CASE("a map that others can read, that another import has, or that is none or another store's, is refused") {
  const Php php;
  php.request("plain0123456789abcdef");
  std::ofstream(php.map) << "";
  std::filesystem::permissions(php.map, std::filesystem::perms(0644));
  Finished finished = php.import();
  CHECK(finished.code == 77);
  CHECK(cli::is_one_error_line(finished.err));
  std::filesystem::permissions(php.map, std::filesystem::perms(0600));
  const int held = ::open(php.map.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  finished = php.import();
  CHECK(finished.code == 75);
  CHECK(cli::is_one_error_line(finished.err));
  ::close(held);
  std::ofstream(php.map) << "once upon a time\n";
  finished = php.import();
  CHECK(finished.code == 65);
  CHECK(cli::is_one_error_line(finished.err));
  std::ofstream(php.map) << "plain0123456789abcdef " << TestStore().create({"a=1"}) << "\n";
  finished = php.import();
  CHECK(finished.code == 65);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(php.store.ok({"ls", "--json"}).empty());
}

TEST_CASE("a map that belongs to another user, or has a second name, got all sessions") {
  const Php php;
  php.request("plain0123456789abcdef");
  const auto refused = [&] {
    const Finished finished = php.import();
    CHECK(finished.code == 77);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(std::filesystem::file_size(php.map) == 0);
  };
  std::ofstream(php.map) << "";
  std::filesystem::permissions(php.map, std::filesystem::perms(0600));
  std::filesystem::create_hard_link(php.map, php.map + "2");
  refused();
  std::filesystem::remove(php.map + "2");
  if (::geteuid() == 0) {
    REQUIRE(::chown(php.map.c_str(), 65534, 65534) == 0);
    refused();
    REQUIRE(::chown(php.map.c_str(), 0, 0) == 0);
  }
  CHECK(json::parse(php.import().out) == counts(1, 0));
}

TEST_CASE("hostile files and names among PHP's do no harm, and what is wrong is told for each") {
  const Php php;
  const auto good = php.request("plain0123456789abcdef");
  const auto put = [&](const std::string& name, const std::string& content) {
    std::ofstream(php.directory / name, std::ios::binary) << content;
  };
  put("sess_torn0123456789", "a|s:10:\"abc");
  put("sess_deep0123456789", [] {
    std::string text = "a|";
    for (int i = 0; i < 10'000; ++i) text += "a:1:{i:0;";
    return text;
  }());
  put("sess_huge0123456789", "a|a:2147483647:{i:0;i:1;}");
  put("sess_\x1b[31m", "a|N;");  // no name of PHP's
  put("other", "a|N;");
  std::filesystem::create_symlink(good, php.directory / "sess_link0123456789");
  std::filesystem::create_directory(php.directory / "sess_directory0123456789");
  REQUIRE(::mkfifo((php.directory / "sess_fifo0123456789").c_str(), 0600) == 0);
  const Finished finished = php.import();
  CHECK((finished.code == 65 || finished.code == 74));  // of whichever came first
  CHECK(json::parse(finished.out) == counts(1, 6));
  CHECK(cli::lines(finished.err).size() == 6);
  CHECK(finished.err.find('\x1b') == std::string::npos);
}

TEST_CASE("options of PHP's import that do not go together are refused") {
  const Php php;
  php.request("plain0123456789abcdef");
  const std::string file = php.directory / "sess_plain0123456789abcdef";
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--php", php.directory},
                                                    {"--php", "--map", php.map},
                                                    {"--map", php.map},
                                                    {"--skip-objects"},
                                                    {"--idle", "5m", file},
                                                    {"--php", file, "--map", php.map, "--php-handler", "wddx"},
                                                    {"--php", "--map", php.map, php.store.directory() / "site.php"}}) {
    std::vector<std::string> all{"import"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Finished finished = php.store.run(all);
    CAPTURE(arguments);
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
  }
  CHECK(php.store.run({"import", "--php", php.directory / "nothing", "--map", php.map}).code == 66);
  // One file alone.
  CHECK(php.store.ok({"import", "--php", file, "--map", php.map}) ==
        "imported 1, unchanged 0, kept 0, expired 0, empty 0, failed 0");
}
