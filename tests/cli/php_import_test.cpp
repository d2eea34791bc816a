// import --php, of session files that Debian's php-cgi has written in requests.
#include "cli/php_site.hpp"
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
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
using cli::Php;
using nlohmann::json;
using sess::Value;
using sess::Values;

namespace {

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
        CHECK(json::parse(finished.out) == Php::counts(1, 0));
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
    CHECK(json::parse(refused.out) == Php::counts(1, 3));
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
    CHECK(json::parse(finished.out) == Php::counts(3, 0, 1));
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
    CHECK(json::parse(php.import().out) == Php::counts(0, 0, 0, 1));
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
  CHECK(json::parse(busy.out) == Php::counts(0, 1));
  ::close(held);
  CHECK(json::parse(php.import().out) == Php::counts(1, 0));
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
  CHECK(json::parse(php.import({"--idle", "9m"}).out) == Php::counts(0, 0, 0, 0, 1));
  CHECK(php.store.ok({"ls", "--json"}).empty());
  CHECK(json::parse(php.import({"--idle", "20m", "--lifetime", "15m"}).out) == Php::counts(1, 0));
  const sess::SessionFacts facts = php.session("plain0123456789abcdef").facts();
  CHECK(facts.created == used);
  CHECK(facts.idle_timeout == std::chrono::minutes(20));
  CHECK(facts.deadline == used + std::chrono::minutes(15));
  CHECK(facts.absolute_deadline == used + std::chrono::minutes(15));
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
  CHECK(json::parse(finished.out) == Php::counts(1, 6));
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

TEST_CASE("no message has an ID of PHP's in full: it is somebody's cookie") {
  const Php php;
  php.request("plain0123456789abcdef");
  const std::string id = "aaaabbbbccccddddeeee";
  for (const std::filesystem::path& path : {php.directory / ("sess_" + id), php.directory / ("sess_" + id + ".bak"),
                                            php.directory / "nothing" / ("sess_" + id)}) {
    const Finished finished = php.store.run({"import", "--php", path, "--map", php.map});
    CAPTURE(path);
    CHECK(finished.code != 0);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(id.substr(0, 5)) != std::string::npos);
    CHECK(finished.err.find(id.substr(0, 8)) == std::string::npos);
  }
}

TEST_CASE("a file of the year 2500 is as one that was written just now") {
  const Php php;
  const auto file = php.request("plain0123456789abcdef");
  constexpr std::time_t in_2500 = 16'725'225'600;  // more than the nanoseconds of a 64-bit clock count
  const std::array<timespec, 2> times{{{in_2500, 0}, {in_2500, 0}}};
  REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times.data(), 0) == 0);
  if (struct stat status{}; ::stat(file.c_str(), &status) != 0 || status.st_mtime != in_2500) {
    MESSAGE("SKIPPED: this file system has no such times");
    return;
  }
  CHECK(json::parse(php.import({"--idle", "24m"}).out) == Php::counts(1, 0));
  const auto facts = php.session("plain0123456789abcdef").facts();
  CHECK(facts.created <= std::chrono::system_clock::now());
  CHECK(facts.deadline == facts.created + std::chrono::minutes(24));
}

TEST_CASE("files that the owner of the store may not read are told with what to do, and end with 77") {
  constexpr uid_t owner = 65534;
  const Php php;
  if (!php.store.give_to(owner)) return;
  const auto file = php.request("plain0123456789abcdef");
  const Finished finished = php.import();
  CHECK(finished.code == 77);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(finished.err.find("let the store's owner, whom root becomes first, read it") != std::string::npos);
  CHECK(json::parse(finished.out) == Php::counts(0, 1));
  REQUIRE(::chown(file.c_str(), owner, owner) == 0);
  CHECK(json::parse(php.import().out) == Php::counts(1, 0));
}
