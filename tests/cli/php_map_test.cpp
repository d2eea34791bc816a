// The map of an import of PHP's sessions: which session each has become.
#include "cli/php_site.hpp"
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
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
using cli::TestStore;
using nlohmann::json;

TEST_CASE("the map is for its owner alone, holds each session once, and keeps an import from making one twice") {
  const Php php;
  php.request("plainone0123456789abcdef");
  CHECK(json::parse(php.import().out) == Php::counts(1, 0));
  struct stat status {};
  REQUIRE(::stat(php.map.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const std::string first = php.new_id("plainone0123456789abcdef");
  php.request("plaintwo0123456789abcdef");
  const Finished again = php.import();
  CHECK(json::parse(again.out) == Php::counts(1, 0, 1));
  CHECK(again.out.find(first) == std::string::npos);
  CHECK(php.new_id("plainone0123456789abcdef") == first);
  CHECK(cli::lines(php.store.ok({"ls", "--json"})).size() == 2);

  // Killed after the line of a third, so before the mark behind it: its session is made now, and no other.
  php.request("plainthree0123456789abcdef");
  CHECK(json::parse(php.import().out) == Php::counts(1, 0, 2));
  const std::string third = php.new_id("plainthree0123456789abcdef");
  REQUIRE(cli::lines(php.map_text()).back() == "# made");
  std::filesystem::resize_file(php.map, php.map_text().size() - std::string_view("# made\n").size());
  const sess::Store opened = sess::Store::open(php.store.path());
  std::filesystem::remove(php.store.record(opened.parse(third)->key().to_string()));
  // And the power was cut while a line was written.
  std::ofstream(php.map, std::ios::app) << "plainfour01234";
  CHECK(json::parse(php.import().out) == Php::counts(1, 0, 2));
  CHECK(php.new_id("plainthree0123456789abcdef") == third);
  std::vector<std::string> lines = cli::lines(php.map_text());
  std::erase(lines, "# made");
  CHECK(lines.size() == 3);
  // The visitor's new cookie opens it.
  cli::Start start = php.store.start({"get", "--id", "-", "tenth"});
  start.input = third + "\n";
  CHECK(cli::run(start).out == "0.1\n");
}

TEST_CASE("what an import says never goes into its map, though it was started without standard descriptors") {
  const Php php;
  php.request("plainone0123456789abcdef");
  // One that is complained of.
  std::ofstream(php.request("plaintwo0123456789abcdef")) << "no|such";
  cli::Start start = php.store.start({"import", "--json", "--php", php.directory, "--map", php.map});
  for (const std::vector<int>& closed : std::vector<std::vector<int>>{{0, 1, 2}, {1}, {2}}) {
    start.closed = closed;
    CHECK(cli::run(start).code == 65);
    CHECK(php.map_text().find("imported") == std::string::npos);
    CHECK(php.map_text().find("sessctl") == std::string::npos);
  }
  CHECK(json::parse(php.import().out) == Php::counts(0, 1, 1));
}

TEST_CASE("a session that has ended since it was imported was made again by the next import") {
  const Php php;
  php.request("plainann0123456789abcdef");
  CHECK(json::parse(php.import().out) == Php::counts(1, 0));
  const sess::Store opened = sess::Store::open(php.store.path());
  REQUIRE(opened.destroy(*opened.parse(php.new_id("plainann0123456789abcdef"))));
  const std::string before = php.map_text();
  CHECK(json::parse(php.import().out) == Php::counts(0, 0, 1));
  CHECK(php.map_text() == before);
  php.request("plainbob0123456789abcdef");
  CHECK(json::parse(php.import().out) == Php::counts(1, 0, 1));
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
  CHECK(json::parse(php.import().out) == Php::counts(1, 0, 1));
  CHECK(json::parse(php.import().out) == Php::counts(0, 0, 2));
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
  CHECK(json::parse(php.import().out) == Php::counts(1, 0));
}
