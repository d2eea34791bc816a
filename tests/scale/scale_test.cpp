// sessctl over stores with a great many sessions: every command that visits a store counts them right, and what it
// needs does not grow with their number beyond what is said of it.
#include "scale/course.hpp"
#include "scale/population.hpp"

#include <sess/sess.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <nlohmann/json.hpp>

using nlohmann::json;
using scale::Cost;
using scale::Course;
using scale::Population;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_sanitizer = true;
constexpr std::uint64_t usual = 10'000;
#else
constexpr bool has_sanitizer = false;
constexpr std::uint64_t usual = 100'000;
#endif

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
constexpr unsigned jobs = 8;  // as many as there are at most, unless more are asked for

/// Where the stores are, and how many sessions there are of a kind: twice as many in all.
struct Ground {
  std::string directory;
  std::uint64_t sessions;
};

bool has_room(const Ground& ground) {
  struct statvfs room {};
  if (::statvfs(ground.directory.c_str(), &room) != 0) return false;
  // Sessions and spares of both kinds, in pages that are not filled, and two exports; then half as much again.
  const std::uint64_t files = ground.sessions * 3;
  return room.f_bavail * room.f_frsize > files * 5 * 1024 && (room.f_files == 0 || room.f_favail > files);
}

/// Lists and counts, by every command that only looks.
void look(Course& course, const std::string& store, const Population& population) {
  const std::uint64_t sessions = population.sessions;
  CHECK(scale::sessions_in(course.print("ls", store, {"ls", "--json"})) == sessions);
  CHECK(scale::sessions_in(course.print("ls --kind", store, {"ls", "--json", "--kind", "authenticated"})) ==
        population.authenticated());

  const auto largest =
      cli::lines(course.run("ls --sort --limit", store, {"ls", "--json", "--sort", "size", "--limit", "10"}).out);
  CHECK(largest.size() == 10);
  for (const std::string& line : largest) CHECK(json::parse(line).at("size") > 16 * 1024);
  CHECK(scale::sessions_in(course.print("ls --sort", store, {"ls", "--json", "--sort", "key"})) == sessions);
  const auto crowd = cli::lines(course.run("ls --principal", store, {"ls", "--json", "--principal", scale::crowd}).out);
  CHECK(crowd.size() == scale::crowd_sessions);

  const json stats = course.answer("stats", store, {"stats"});
  CHECK(stats.at("sessions") == sessions);
  CHECK(stats.at("anonymous") == population.anonymous());
  CHECK(stats.at("authenticated") == population.authenticated());
  CHECK(stats.at("unreadable") == 0);
  const std::string metrics = course.run("stats --prometheus", store, {"stats", "--prometheus"}).out;
  for (const auto& [kind, count] :
       {std::pair("anonymous", population.anonymous()), std::pair("authenticated", population.authenticated())})
    CHECK(metrics.find(fmt::format(",kind=\"{}\"}} {}\n", kind, count)) != std::string::npos);

  const json verified = course.answer("verify", store, {"verify", "--jobs", std::to_string(jobs)});
  CHECK(verified.at("records") == sessions);
  CHECK(verified.at("bytes") == stats.at("bytes"));
  CHECK(verified.at("principals") == population.principals());
  for (const char* severity : {"errors", "warnings", "notes"}) CHECK(verified.at(severity) == 0);
  const json repaired =
      course.answer("repair --dry-run", store, {"repair", "--dry-run", "--jobs", std::to_string(jobs)});
  CHECK(repaired.at("records") == sessions);
  CHECK(repaired.at("principals") == population.principals());
  for (const char* action : {"mended", "quarantined", "removed", "left", "failed"}) CHECK(repaired.at(action) == 0);

  CHECK(course.answer("top", store, {"top", "--count", "1", "--interval", "10ms"}).at("records") == sessions);
  // 78 where this machine's /tmp, say, is no place for a store.
  const auto told = cli::lines(course.run("doctor", store, {"doctor", "--json"}, {0, 78}).out);
  CHECK(json::parse(told.back()).at("path") == store);
}

/// Of one session among many: it is found, changed, locked and ended, and the others are not.
void use_one(Course& course, const std::string& store) {
  const json made = course.answer("create", store, {"create", "note=first"});
  const std::string key = made.at("key");
  CHECK(course.answer("show", store, {"show", key}).at("values") == json{{"note", "first"}});
  course.run("set", store, {"set", key.substr(0, 12), "note=second"});
  CHECK(course.run("get", store, {"get", key, "note"}).out == "second\n");
  {
    const sess::Store opened = sess::Store::open(store);
    const auto locked = opened.lock(opened.parse(made.at("id").get<std::string>()).value());
    REQUIRE(locked);
    // Other programs of the machine that may not be looked at are a line on standard error.
    const auto uses = cli::lines(course.run("locks", store, {"locks", "--json", "--for", "10ms"}).out);
    REQUIRE(uses.size() == 1);
    CHECK(json::parse(uses.front()).at("key") == key);
  }
  course.run("rm", store, {"rm", key});
}

/// To another store and out of that again, where all end.
void move(Course& course, const std::string& store, std::uint64_t sessions) {
  const std::string exported = course.print("export", store, {"export"});
  CHECK(scale::sessions_in(exported) == sessions);
  const std::string other = course.make_store("other", store);
  const json imported = course.answer("import", other, {"import", exported});
  CHECK(imported.at("imported") == sessions);
  CHECK(imported.at("failed") == 0);
  CHECK(scale::are_equal(course.print("export of the other", other, {"export"}), exported));

  CHECK(scale::sessions_in(course.print("rm --all", other, {"rm", "--all", "--yes", "--json"})) == sessions);
  CHECK(course.answer("stats of none", other, {"stats"}).at("sessions") == 0);
}

void check_sweep(const json& report, std::uint64_t examined, std::uint64_t expired) {
  CHECK(report.at("outcome") == "ok");
  CHECK(report.at("complete") == true);
  CHECK(report.at("examined") == examined);
  CHECK(report.at("expired") == expired);
  for (const char* other : {"in_use", "leftovers", "spares", "quarantined", "unreadable", "errors"})
    CHECK(report.at(other) == 0);
}

/// With none expired, then half, then all.
void sweep(Course& course, const std::string& store, const Population& population) {
  const std::uint64_t sessions = population.sessions;
  const Population expired{sessions, std::chrono::hours(48)};
  check_sweep(course.answer("gc of none", store, {"gc"}), sessions, 0);

  scale::populate(store, expired);
  check_sweep(course.answer("gc --dry-run", store, {"gc", "--dry-run"}), 2 * sessions, sessions);
  CHECK(course.answer("stats of half", store, {"stats"}).at("sessions") == sessions);
  const std::string given = course.path("given");
  check_sweep(course.answer("gc --on-expire", store, {"gc", "--on-expire", "cat >'" + given + "'"}), 2 * sessions,
              sessions);
  CHECK(scale::sessions_in(given, scale::Lines::in_any_order) == sessions);
  CHECK(course.answer("stats after half", store, {"stats"}).at("sessions") == sessions);

  const std::string other = course.path("other");
  scale::populate(other, expired);
  check_sweep(course.answer("gc of all", other, {"gc"}), sessions, sessions);
  CHECK(sess::test::files_below(other + "/shards").empty());
}

using Costs = std::vector<std::pair<std::string, Cost>>;

std::string text_of(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / static_cast<double>(mebibyte));
}

/// All commands over so many sessions; what they have cost is printed.
Costs costs_of(const Ground& ground, std::uint64_t sessions) {
  Course course(ground.directory);
  const std::string store = course.make_store("store");
  const Population population{sessions};
  scale::populate(store, population);
  look(course, store, population);
  use_one(course, store);
  move(course, store, sessions);
  sweep(course, store, population);
  std::cout << fmt::format("{} sessions below {}\n", sessions, ground.directory);
  for (const auto& [name, cost] : course.costs())
    std::cout << fmt::format("  {:<20} {:>9.2f} s {:>12}\n", name, static_cast<double>(cost.duration.count()) / 1000,
                             text_of(cost.peak));
  std::cout << std::flush;
  return course.costs();
}

/// By how much the peak of a command may grow with so many sessions.
std::uint64_t allowed_growth(const std::string& name, std::uint64_t sessions) {
  // Of the allocator, and of the pages of the program, from run to run.
  constexpr std::uint64_t noise = mebibyte;
  // In memory are the names in one of 256 directories, with a spare for each tenth; of verify, for each thread.
  const std::uint64_t names = sessions / 256 * 160;
  if (name == "ls --sort") return noise + sessions * 300;  // tools/sessctl/README.md
  if (name == "top") return noise + sessions * 80;         // include/sess/watch.hpp
  if (name == "verify" || name == "repair --dry-run") return noise + jobs * names;
  return noise + names;
}

void check_memory(const Costs& few, const Costs& many, std::uint64_t sessions) {
  REQUIRE(few.size() == many.size());
  for (std::size_t i = 0; i < many.size(); ++i) {
    const std::string& name = many[i].first;
    const auto& cost = many[i].second;
    REQUIRE(few[i].first == name);
    const std::uint64_t peak = few[i].second.peak;
    CAPTURE(name);
    // Else the tests' own process is so large that it hides what a command takes (cli::Finished): these visit nothing.
    if (name == "get" || name == "stats of none") CHECK(cost.peak < 16 * mebibyte);
    CHECK_MESSAGE(cost.peak <= peak + allowed_growth(name, sessions), "from ", text_of(peak), " to ",
                  text_of(cost.peak));
    if (name.starts_with("gc")) CHECK(cost.peak < 32 * mebibyte);
  }
}

void check_scale(const Ground& ground) {
  CAPTURE(ground.directory);
  if (!has_room(ground)) {
    std::cerr << fmt::format("SKIPPED: {} has no room for {} sessions\n", ground.directory, ground.sessions);
    return;
  }
  const Costs few = costs_of(ground, ground.sessions / 10);
  const Costs many = costs_of(ground, ground.sessions);
  if (has_sanitizer) {
    std::cerr << "SKIPPED: how much memory commands take is not asked of a program with a sanitizer\n";
  } else {
    check_memory(few, many, ground.sessions);
  }
}

}  // namespace

TEST_CASE("commands count a great many sessions right, in the memory that is said of them") {
  if (const char* const directory = std::getenv("SCALE_DIRECTORY")) {
    const char* const sessions = std::getenv("SCALE_SESSIONS");
    return check_scale({directory, sessions == nullptr ? usual : std::stoull(sessions)});
  }
  const Ground in_memory{"/dev/shm", usual};
  check_scale(in_memory);
  // Fewer: a disk syncs each login that is imported and each session that is ended.
  if (!has_room(in_memory)) check_scale({"/tmp", usual / 5});
  if (!sess::test::long_run()) return;
  check_scale({"/dev/shm", 10 * usual});
  check_scale({"/tmp", usual});
}
