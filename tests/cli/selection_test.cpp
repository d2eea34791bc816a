// ls and rm of many sessions: which, in which order, how many.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;
using nlohmann::json;

namespace {

using Keys = std::set<std::string>;

std::string login(const TestStore& store, const std::string& principal, std::size_t size = 1) {
  const sess::Store opened = sess::Store::open(store.path());
  sess::Session session = opened.create({.kind = sess::SessionKind::authenticated, .principal = principal});
  session.set("text", std::string(size, 't'));
  REQUIRE(session.commit().ok());
  return session.key().to_string();
}

std::vector<std::string> listed(const TestStore& store, std::vector<std::string> options) {
  options.insert(options.begin(), {"ls", "--json"});
  std::vector<std::string> keys;
  for (const std::string& line : cli::lines(store.ok(options)))
    if (!line.empty()) keys.push_back(json::parse(line).at("key"));
  return keys;
}

Keys keys_of(const TestStore& store, const std::vector<std::string>& options) {
  const auto list = listed(store, options);
  return {list.begin(), list.end()};
}

bool has_open_for_writing(pid_t process, const std::filesystem::path& file) {
  const std::filesystem::path of = "/proc/" + std::to_string(process);
  std::error_code error;
  for (const auto& descriptor : std::filesystem::directory_iterator(of / "fd", error)) {
    if (std::filesystem::read_symlink(descriptor, error) != file) continue;
    std::ifstream info(of / "fdinfo" / descriptor.path().filename());
    for (std::string word; info >> word;)
      if (word == "flags:" && info >> word) return (std::stoul(word, nullptr, 8) & O_ACCMODE) == O_RDWR;
  }
  return false;
}

}  // namespace

TEST_CASE("ls lists the sessions that its options mean") {
  const TestStore store;
  const std::string ann = login(store, "ann", 2000);
  const std::string other = login(store, "ann");
  const std::string bob = login(store, "bob");
  const std::string anonymous = store.create_key({"a=1"});
  const std::string sealed = store.create_key({"--sealed", "a=1"});
  CHECK(keys_of(store, {}) == Keys{ann, other, bob, anonymous, sealed});
  CHECK(keys_of(store, {"--principal", "ann"}) == Keys{ann, other});
  CHECK(keys_of(store, {"--principal", "nobody"}).empty());
  CHECK(keys_of(store, {"--kind", "anonymous"}) == Keys{anonymous, sealed});
  CHECK(keys_of(store, {"--kind", "authenticated"}) == Keys{ann, other, bob});
  CHECK(keys_of(store, {"--larger-than", "1K"}) == Keys{ann});
  CHECK(keys_of(store, {"--principal", "ann", "--larger-than", "2500"}).empty());
  CHECK(keys_of(store, {"--sealed"}) == Keys{sealed});
  CHECK(keys_of(store, {"--older-than", "1h"}).empty());
  CHECK(keys_of(store, {"--older-than", "0ms"}).size() == 5);
}

TEST_CASE("ls lists the sessions of a state") {
  const TestStore store;
  const std::string expired = store.create_key({"--idle", "1ms", "a=1"});
  cli::outlive(std::chrono::milliseconds(1));
  const std::string bad = store.create_key({"a=1"});
  const sess::Store opened = sess::Store::open(store.path());
  sess::Session replaced = opened.create({.kind = sess::SessionKind::authenticated, .principal = "ann"});
  REQUIRE(replaced.commit().ok());
  const std::string superseded = replaced.key().to_string();
  const auto next = replaced.regenerate();
  REQUIRE(next);
  const std::string live = next->key().to_string();
  cli::damage(store.record(bad));
  const auto of_state = [&](const std::string& state) {
    const Finished finished = store.run({"ls", "--state", state, "--json"});
    CHECK(finished.code == (state == "unreadable" || state == "all" ? 65 : 0));
    Keys keys;
    for (const std::string& line : cli::lines(finished.out)) {
      if (line.empty()) continue;
      const json entry = json::parse(line);
      CHECK((state == "all" || entry.at("state") == state));
      keys.insert(entry.at("key"));
    }
    return keys;
  };
  CHECK(of_state("live") == Keys{live});
  CHECK(of_state("superseded") == Keys{superseded});
  CHECK(of_state("expired") == Keys{expired});
  CHECK(of_state("unreadable") == Keys{bad});
  CHECK(of_state("all") == Keys{live, superseded, expired, bad});
  CHECK(keys_of(store, {"--principal", "ann", "--state", "live"}) == Keys{live});
  CHECK(keys_of(store, {"--state", "expired", "--kind", "authenticated"}).empty());
  CHECK(keys_of(store, {"--state", "superseded", "--kind", "authenticated"}) == Keys{superseded});
  cli::check_usage_error(store.run({"ls", "--state", "dead"}));
  cli::check_usage_error(store.run({"ls", "--state", "all", "--principal", "ann"}));
  cli::check_usage_error(store.run({"rm", "--state", "expired"}));

  const auto table = cli::lines(store.run({"ls", "--state", "all", "--sort", "state"}).out);
  REQUIRE(table.size() == 5);
  CHECK(table[0].starts_with("KEY           STATE       KIND "));
  CHECK(table[1].starts_with(bad.substr(0, 12) + "  unreadable  -  "));
  CHECK(table[2].starts_with(superseded.substr(0, 12) + "  superseded  authenticated"));
  CHECK(table[3].starts_with(expired.substr(0, 12) + "  expired     anonymous"));
  CHECK(table[4].starts_with(live.substr(0, 12) + "  live        authenticated"));
  CHECK(cli::lines(store.ok({"ls", "--columns", "state", "--principal", "ann"})).back() == "live");
}

TEST_CASE("ls puts in order what it lists, and stops at its limit") {
  const TestStore store;
  std::vector<std::string> keys;
  for (const char* size : {"30", "10", "20"}) {
    keys.push_back(store.create_key({"text=" + std::string(std::stoul(size), 't')}));
    cli::outlive(std::chrono::milliseconds(1));  // made at another time
  }
  const std::vector<std::string> by_size{keys[0], keys[2], keys[1]};
  CHECK(listed(store, {"--sort", "size"}) == by_size);
  CHECK(listed(store, {"--sort", "size", "--reverse"}) == std::vector<std::string>(by_size.rbegin(), by_size.rend()));
  CHECK(listed(store, {"--sort", "size", "--limit", "2"}) == std::vector<std::string>{keys[0], keys[2]});
  CHECK(listed(store, {"--sort", "age"}) == keys);
  CHECK(listed(store, {"--sort", "created"}) == std::vector<std::string>(keys.rbegin(), keys.rend()));
  std::vector<std::string> sorted = keys;
  std::ranges::sort(sorted);
  CHECK(listed(store, {"--sort", "key"}) == sorted);
  CHECK(listed(store, {"--limit", "1"}).size() == 1);
}

TEST_CASE("ls with a limit prints the first of what it prints without") {
  const TestStore store;
  for (int i = 0; i < 12; ++i) {
    const std::string length(static_cast<std::size_t>(i * 5 % 12), 't');
    store.create({"--idle", std::to_string(10 + i * 7 % 12) + "m", "text=" + length});
  }
  for (const char* column : {"key", "age", "idle-left", "size", "generation"})
    for (const bool reverse : {false, true}) {
      CAPTURE(column);
      CAPTURE(reverse);
      std::vector<std::string> options{"--sort", column};
      if (reverse) options.emplace_back("--reverse");
      const std::vector<std::string> all = listed(store, options);
      REQUIRE(all.size() == 12);
      for (const std::ptrdiff_t limit : {1, 5, 11, 12, 13}) {
        std::vector<std::string> limited = options;
        limited.insert(limited.end(), {"--limit", std::to_string(limit)});
        CHECK(listed(store, limited) ==
              std::vector<std::string>(all.begin(), all.begin() + std::min<std::ptrdiff_t>(limit, 12)));
      }
    }
}

TEST_CASE("who asks for a column that is none, to print or to sort by, is told which there are") {
  const TestStore store;
  for (const char* option : {"--sort", "--columns"}) {
    const cli::Finished finished = store.run({"ls", option, "nope"});
    cli::check_usage_error(finished);
    CHECK(finished.err.find(": key, kind, age, idle-left, size, generation, created, deadline, sealed, state; ") !=
          std::string::npos);
  }
}

TEST_CASE("ls prints the columns that are asked for") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const auto table = cli::lines(store.ok({"ls", "--columns", "sealed,key", "--full"}));
  REQUIRE(table.size() == 2);
  CHECK(table[0] == "SEALED  KEY");
  CHECK(table[1] == "no      " + key);
}

TEST_CASE("rm ends the sessions that its options mean, and no other") {
  const TestStore store;
  const std::string ann = login(store, "ann", 2000);
  const std::string other = login(store, "ann");
  const std::string bob = login(store, "bob", 2000);
  const std::string anonymous = store.create_key({"a=1"});
  CHECK(json::parse(store.ok({"rm", "--principal", "ann", "--larger-than", "1K", "--json"})) ==
        json({{"key", ann}, {"outcome", "ok"}, {"dry_run", false}}));
  CHECK(keys_of(store, {}) == Keys{other, bob, anonymous});
  CHECK(json::parse(store.ok({"rm", "--principal", "ann", "--json"})) ==
        json({{"principal", "ann"}, {"outcome", "ok"}, {"sessions", 1}, {"dry_run", false}}));
  CHECK(json::parse(store.ok({"rm", "--principal", "ann", "--json"})).at("sessions") == 0);
  CHECK(keys_of(store, {}) == Keys{bob, anonymous});
  CHECK(store.ok({"rm", "--kind", "anonymous"}) == "ended 1 session");
  CHECK(keys_of(store, {}) == Keys{bob});
  store.create({"a=1"});
  CHECK(store.ok({"rm", "--all", "--yes"}) == "ended 2 sessions");
  CHECK(keys_of(store, {}).empty());
  login(store, "ann");
  CHECK(store.ok({"rm", "--principal", "ann"}) == "ended 1 session");
  login(store, "ann");
  CHECK(store.ok({"rm", "--principal", "ann", "--quiet"}).empty());
  CHECK(store.ok({"rm", "--kind", "anonymous", "--quiet"}).empty());
}

TEST_CASE("rm --all ends what can still be read under IDs that were replaced, and counts no session for it") {
  const TestStore store;
  const sess::Store opened = sess::Store::open(store.path());
  const auto replace = [&](const std::string& key) {
    auto next = opened.lock(*sess::SessionKey::parse(key))->regenerate();
    REQUIRE(next);
    return next->key();
  };
  const std::string first = store.create_key({"a=1"});
  const sess::SessionKey second = replace(first);
  const std::string alone = store.create_key({"a=1"});
  REQUIRE(opened.destroy(replace(alone)).ok());
  REQUIRE(opened.snapshot(*sess::SessionKey::parse(alone)).outcome() == sess::Outcome::superseded);
  CHECK(json::parse(store.ok({"rm", "--all", "--yes", "--json"})) ==
        json({{"key", second.to_string()}, {"outcome", "ok"}, {"dry_run", false}}));
  CHECK(keys_of(store, {"--state", "all"}).empty());
  replace(store.create_key({"a=1"}));
  CHECK(store.ok({"rm", "--all", "--yes"}) == "ended 1 session");
  CHECK(keys_of(store, {"--state", "all"}).empty());
}

TEST_CASE("rm counts the sessions of a principal that have ended, though one was locked for too long") {
  const TestStore store;
  const std::string locked = login(store, "ann");
  login(store, "ann");
  login(store, "ann");
  const sess::Store opened = sess::Store::open(store.path());
  const auto session = opened.lock(*sess::SessionKey::parse(locked));
  REQUIRE(session);
  const Finished first = store.run({"rm", "--principal", "ann", "--wait", "50ms"});
  CHECK(first.code == 75);
  CHECK(first.out == "ended 2 sessions\n");
  CHECK(cli::is_one_error_line(first.err));
  CHECK(keys_of(store, {}) == Keys{locked});
  const Finished second = store.run({"rm", "--principal", "ann", "--wait", "50ms", "--json"});
  CHECK(second.code == 75);
  CHECK(json::parse(second.out) ==
        json({{"principal", "ann"}, {"outcome", "busy"}, {"sessions", 0}, {"dry_run", false}}));
}

TEST_CASE("rm of what cannot be read and has no previous version moves it to quarantine, and ends with 65") {
  for (const bool by_key : {true, false}) {
    const TestStore store;
    const std::string bad = store.create_key({"a=1"});
    cli::damage(store.record(bad));
    const Finished removed = by_key ? store.run({"rm", bad}) : store.run({"rm", "--all", "--yes"});
    CHECK(removed.code == 65);
    CHECK(cli::is_one_error_line(removed.err));
    CHECK(json::parse(store.ok({"quarantine", "ls", "--json"})).at("key") == bad);
  }
}

TEST_CASE("rm ends sealed sessions that its options mean") {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--sealed"}, {"--kind", "anonymous"}, {"--larger-than", "1"}}) {
    const TestStore store;
    const std::string plain = store.create_key({"--lifetime", "1h", "--idle", "1h"});
    const std::string sealed = store.create_key({"--sealed", "a=1"});
    std::vector<std::string> arguments{"rm"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    store.ok(arguments);
    CHECK(keys_of(store, {}) == (options.front() == "--sealed" ? Keys{plain} : Keys{}));
  }
}

TEST_CASE("what cannot be read is listed whatever the options, and no rm ends it by them") {
  const TestStore store;
  const std::string good = store.create_key({"a=1"});
  const std::string bad = store.create_key({"a=1"});
  cli::damage(store.record(bad));
  const Finished listed = store.run({"ls", "--kind", "anonymous"});
  CHECK(listed.code == 65);
  CHECK(listed.out.find("\n" + bad.substr(0, 12) + "  unreadable  ") != std::string::npos);
  const Finished removed = store.run({"rm", "--kind", "anonymous"});
  CHECK(removed.code == 65);
  CHECK(removed.out == "ended 1 session\n");
  CHECK(cli::is_one_error_line(removed.err));
  CHECK(removed.err.find(bad) != std::string::npos);
  CHECK(removed.err.find("it was left; 'sessctl verify' says what it is and what to do") != std::string::npos);
  CHECK(std::filesystem::exists(store.record(bad)));
  CHECK_FALSE(std::filesystem::exists(store.record(good)));
}

TEST_CASE("rm of what was not used for long leaves what was just used") {
  const TestStore store;
  const std::string left = store.create_key({"--idle", "10s"});
  // A tenth of the idle timeout may be of a use that was not written down.
  cli::outlive(std::chrono::milliseconds(1001));
  const std::string used = store.create_key({"--idle", "10s"});
  const std::string long_timeout = store.create_key({"--idle", "8h", "--lifetime", "8h"});  // nobody knows
  CHECK(keys_of(store, {"--idle-more-than", "0ms"}) == Keys{left});
  store.ok({"rm", "--idle-more-than", "0ms"});
  CHECK(keys_of(store, {}) == Keys{used, long_timeout});
}

TEST_CASE("rm leaves what is used while it waits for its lock") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "10s"});
  cli::outlive(std::chrono::milliseconds(1001));
  const sess::Store opened = sess::Store::open(store.path());
  auto session = opened.lock(*sess::SessionKey::parse(key), {.timeout = std::nullopt, .renew = false});
  REQUIRE(session);
  cli::Running rm(store.start({"rm", "--idle-more-than", "0ms"}));
  // Who waits for the lock has the record open for writing; a listing only reads it.
  const std::filesystem::path record = std::filesystem::canonical(store.record(key));
  while (!has_open_for_writing(rm.process(), record)) std::this_thread::yield();
  session->set("used", true);
  REQUIRE(session->commit().ok());
  session->release();
  const Finished finished = rm.wait();
  CHECK(finished.code == 0);
  CHECK(finished.err.empty());
  CHECK(store.ok({"get", key, "used"}) == "true");
}

TEST_CASE("options that contradict each other, or mean nothing, end with 64 and one line, and end no session") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const std::vector<std::vector<std::string>> wrong{
      {"rm"},
      {"rm", "--all"},
      {"rm", "--yes"},
      {"rm", key, "--yes"},
      {"rm", key, "--all", "--yes"},
      {"rm", key, "--principal", "ann"},
      {"rm", "--all", "--yes", "--kind", "anonymous"},
      {"rm", "--kind", "everything"},
      {"rm", "--principal", ""},
      {"rm", "--larger-than", "-1"},
      {"rm", "--larger-than", "1T"},
      {"rm", "--larger-than", "99999999999999999999"},
      {"rm", "--larger-than", "18014398509481984K"},
      {"rm", "--idle-more-than", "long"},
      {"ls", "--sort", "colour"},
      {"ls", "--reverse"},
      {"ls", "--limit", "0"},
      {"ls", "--limit", "1x"},
      {"ls", "--columns", "key,,age"},
      {"ls", "--columns", ""},
      {"ls", "--columns", "key", "--json"},
  };
  for (const auto& arguments : wrong) {
    CAPTURE(arguments[1 % arguments.size()]);
    const Finished finished = store.run(arguments);
    cli::check_usage_error(finished);
  }
  CHECK(keys_of(store, {}) == Keys{key});
}

TEST_CASE("rm --dry-run counts what it would end, and ends nothing") {
  const TestStore store;
  const std::string ann = login(store, "ann");
  const std::string other = login(store, "ann");
  const std::string anonymous = store.create_key({"a=1"});
  const auto before = cli::tree(store.path());
  CHECK(store.ok({"rm", "--dry-run", "--all"}) == "would end 3 sessions");
  CHECK(store.ok({"rm", "--dry-run", "--all", "--yes"}) == "would end 3 sessions");
  CHECK(store.ok({"rm", "--dry-run", "--kind", "anonymous"}) == "would end 1 session");
  CHECK(store.ok({"rm", "--dry-run", "--idle-more-than", "1h"}) == "would end 0 sessions");
  CHECK(store.ok({"rm", "--dry-run", "--principal", "ann"}) == "would end 2 sessions");
  CHECK(store.ok({"rm", "--dry-run", "--principal", "ann", "--larger-than", "1M"}) == "would end 0 sessions");
  CHECK(store.ok({"rm", "--dry-run", "--quiet", "--all"}).empty());
  const json line = json::parse(store.ok({"rm", "--dry-run", "--json", "--kind", "anonymous"}));
  CHECK(line == json{{"key", anonymous}, {"outcome", "ok"}, {"dry_run", true}});
  const json principal = json::parse(store.ok({"rm", "--dry-run", "--json", "--principal", "ann"}));
  CHECK(principal == json{{"principal", "ann"}, {"outcome", "ok"}, {"sessions", 2}, {"dry_run", true}});
  cli::check_usage_error(store.run({"rm", "--dry-run", anonymous}));
  CHECK(cli::tree(store.path()) == before);
  CHECK(json::parse(store.ok({"rm", "--json", "--kind", "anonymous"})).at("dry_run") == false);
  CHECK(store.ok({"rm", "--principal", "ann"}) == "ended 2 sessions");
}

TEST_CASE("rm of nothing says what may be named") {
  const TestStore store;
  const Finished finished = store.run({"rm"});
  cli::check_usage_error(finished);
  for (const char* word : {"--id -", "--principal", "--all --yes"}) CHECK(finished.err.find(word) != std::string::npos);
}
