// locks: who holds a session's lock, and who waits.
#include "cli/holder.hpp"
#include "cli/sessctl_program.hpp"
#include "support/processes.hpp"

#include <csignal>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Holder;
using cli::Running;
using cli::TestStore;
using nlohmann::json;

namespace {

/// What locks prints. On standard error it may say of other processes that they cannot be looked at.
std::string locks_of(const TestStore& store, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "locks");
  const cli::Finished finished = store.run(arguments);
  REQUIRE(finished.code == 0);
  return finished.out.substr(0, finished.out.find_last_not_of('\n') + 1);
}

/// What `locks --for 60ms --json` says of a session that this one holds, and nobody waits for.
void check_held(const json& line, const std::string& key, const Holder& holder, const std::string& command) {
  CHECK(line.at("key") == key);
  REQUIRE(line.at("holders").size() == 1);
  CHECK(line.at("holders")[0].at("pid") == holder.pid());
  CHECK(line.at("holders")[0].at("command") == command);
  CHECK(line.at("holders")[0].at("held_at_least_ms") >= 60);
  CHECK(line.at("waiters").empty());
}

}  // namespace

TEST_CASE("locks of a store that nobody uses are none") {
  const TestStore store;
  store.create_key({"a=1"});
  CHECK(locks_of(store, {"--for", "1ms", "--json"}).empty());
  CHECK(cli::lines(locks_of(store, {"--for", "1ms"})).size() == 1);
}

TEST_CASE("locks names the holder, and who waits") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.create_key({"a=1"});
  const Holder holder(store.path(), key, "shop.fcgi");
  json line = json::parse(locks_of(store, {"--for", "60ms", "--json"}));
  CHECK(line.at("what") == "session");
  check_held(line, key, holder, "shop.fcgi");
  Running waiter(store.start({"set", key, "a=2", "--wait", "100s"}));
  // Until it waits.
  while (line.at("waiters").empty()) line = json::parse(locks_of(store, {"--for", "60ms", "--json"}));
  CHECK(line.at("waiters").size() == 1);
  CHECK(line.at("waiters")[0].at("pid") == waiter.process());
  CHECK(line.at("waiters")[0].at("command") == "sessctl");
  const auto table = cli::lines(locks_of(store, {"--for", "60ms"}));
  REQUIRE(table.size() == 2);
  CHECK(table[0].starts_with("KEY "));
  CHECK(table[1].starts_with(key.substr(0, 12) + "  "));
  CHECK(table[1].ends_with(" 1  shop.fcgi"));
  CHECK(cli::lines(locks_of(store, {"--full", "--for", "60ms"}))[1].starts_with(key + "  "));
  ::kill(waiter.process(), SIGTERM);
  waiter.wait();
}

TEST_CASE("ls lists those that are locked, where that is asked for") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.create_key({"a=1"});
  // On standard error they may say that not all processes can be seen.
  const auto locked = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"ls", "--locked", "--json"});
    const cli::Finished finished = store.run(options);
    CHECK(finished.code == 0);
    return finished.out;
  };
  CHECK(locked({}).empty());
  const Holder holder(store.path(), key, "shop.fcgi");
  CHECK(json::parse(locked({})).at("key") == key);
  CHECK(json::parse(locked({"--kind", "anonymous", "--sort", "age"})).at("key") == key);
  CHECK(locked({"--kind", "authenticated"}).empty());
}

TEST_CASE("a process may call itself what it likes, and no escape reaches the terminal") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const Holder holder(store.path(), key, "\x1b[2J\xff\n\x9b");
  for (const char* form : {"--full", "--json"}) {
    const std::string out = locks_of(store, {"--for", "1ms", form});
    CHECK(out.find('\x1b') == out.npos);
    CHECK(out.find('\x9b') == out.npos);
    CHECK(cli::lines(out).size() == (std::string(form) == "--json" ? 1 : 2));
  }
}

TEST_CASE("locks names who may not be looked at, from the kernel's table, and so do ls and top") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.create_key({"a=1"});
  constexpr uid_t owner = 65534;
  if (!store.give_to(owner)) return;
  const Holder holder(store.path(), key, "daemon", owner);
  json line = json::parse(locks_of(store, {"--for", "60ms", "--json"}));
  check_held(line, key, holder, "daemon");
  CHECK(json::parse(store.run({"ls", "--locked", "--json"}).out).at("key") == key);
  const json look = json::parse(store.ok({"top", "--json", "--count", "1", "--interval", "100ms"}));
  CHECK(look.at("locked") == 1);
  CHECK(look.at("sessions").at(0).at("holders").at(0).at("pid") == holder.pid());
  const cli::Finished told = store.run({"locks", "--for", "1ms"});
  CHECK(told.err.find("look at locks: ") != std::string::npos);
  CHECK(told.err.find("and mostly not which wait for one") != std::string::npos);
  CHECK(store.run({"ls", "--locked"}).err.find("not all processes can be seen") != std::string::npos);
}

TEST_CASE("locks takes no sessions, and no time that is none") {
  const TestStore store;
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"locks", "x"}, {"locks", "--for", "0"}})
    cli::check_usage_error(store.run(arguments));
}
