// sessctl stats: what it counts and draws.
#include "cli/damage.hpp"
#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::TestStore;
using nlohmann::json;

TEST_CASE("stats draws how old sessions are and how long they have, and tells of the last sweep") {
  const TestStore store;
  const std::string empty = store.ok({"stats"});
  CHECK(empty.find("last sweep     none: see 'sessctl gc --help'") != std::string::npos);
  CHECK(empty.find("age") == std::string::npos);
  for (const char* idle : {"5m", "5m", "5m", "5m", "20d"}) store.create({"--idle", idle, "--lifetime", "20d"});
  store.ok({"gc"});
  const std::string text = store.ok({"stats"});
  CHECK(text.find(" ago, removed 0 of 5 in ") != std::string::npos);
  CHECK(text.find("\nage\n  up to 1m           5  " + std::string(40, '#') + "\n\nexpires") != std::string::npos);
  // From the first that there are to the last.
  CHECK(text.find("within\n  up to 10m          4  " + std::string(40, '#') +
                  "\n  up to 1h           0\n  up to 6h           0\n  up to 1d           0\n  up to 7d           0\n"
                  "  up to 30d          1  ##########") != std::string::npos);
  CHECK(text.find("\n\nswept in the hour from  sweeps    removed\n  20") != std::string::npos);
  CHECK(text.ends_with(":00:00Z       1          0"));
  CHECK(store.run({"stats", "--json", "--prometheus"}).code == 64);
}

TEST_CASE("stats counts what there is") {
  const TestStore store;
  json stats = json::parse(store.ok({"stats", "--json"}));
  CHECK(stats.at("sessions") == 0);
  CHECK(stats.at("oldest").is_null());
  CHECK(stats.at("swept_hours") == json::array());
  {
    const auto opened = sess::Store::open(store.path());
    sess::Session session = opened.create({.kind = sess::SessionKind::authenticated});
    session.set("user", "ann");
    REQUIRE(session.commit().ok());
  }
  store.create({"a=1"});
  stats = json::parse(store.ok({"stats", "--json"}));
  CHECK(stats.at("path").get<std::string>() == store.path());
  CHECK(stats.at("sessions") == 2);
  CHECK(stats.at("anonymous") == 1);
  CHECK(stats.at("authenticated") == 1);
  CHECK(stats.at("unreadable") == 0);
  CHECK(stats.at("bytes").get<int>() > 0);
  CHECK(stats.at("oldest_age_ms").get<long>() >= 0);
  // The hour may end between the two.
  store.create({"--idle", "1ms"});
  cli::outlive(std::chrono::milliseconds(1));
  for (int i = 0; i < 2; ++i) store.ok({"gc"});
  std::map<std::string, int> sums;
  const json swept = json::parse(store.ok({"stats", "--json"})).at("swept_hours");
  for (const json& hour : swept) {
    CHECK(hour.at("hour").get<std::string>().ends_with(":00:00Z"));
    for (const char* name : {"sweeps", "examined", "expired", "leftovers", "duration_ms"})
      sums[name] += hour.at(name).get<int>();
  }
  CHECK(sums.at("sweeps") == 2);
  CHECK(sums.at("examined") == 5);
  CHECK(sums.at("expired") == 1);
  CHECK(sums.at("leftovers") == 0);
  const std::string text = store.ok({"stats"});
  CHECK(text.find("sessions       2\n") != std::string::npos);
  CHECK(text.find("authenticated  1\n") != std::string::npos);
}

TEST_CASE("stats tells that sweeps are held because the clock was set ahead") {
  const TestStore store;
  store.ok({"gc"});
  const auto told = [&] { return json::parse(store.ok({"stats", "--json"})); };
  CHECK(told().at("clock_jump_ms") == 0);
  CHECK(told().at("held_for_ms") == 0);
  CHECK(store.ok({"stats"}).find("sweeps held") == std::string::npos);
  CHECK(
      store.ok({"stats", "--prometheus"}).ends_with("\nlibsess_sweeps_held_seconds{store=\"" + store.path() + "\"} 0"));
  if (!cli::set_clock_ahead(store.path())) return;
  CHECK(store.run({"gc"}).code == 75);
  CHECK(told().at("clock_jump_ms").get<long>() > 48 * 60 * 60 * 1000);
  CHECK(told().at("held_for_ms").get<long>() > 0);
  CHECK(told().at("held_for_ms").get<long>() <= 60 * 60 * 1000);
  CHECK(store.ok({"stats"}).find("\nsweeps held    the system clock was set ahead by 2d, so nothing is removed for") !=
        std::string::npos);
  const json before = told();
  const std::string metrics = store.ok({"stats", "--prometheus"});
  const json after = told();
  for (const auto& [metric, field] : {std::pair{"libsess_clock_jump_seconds", "clock_jump_ms"},
                                      std::pair{"libsess_sweeps_held_seconds", "held_for_ms"}}) {
    const std::string sample = "\n" + std::string(metric) + "{store=\"" + store.path() + "\"} ";
    REQUIRE(metrics.find(sample) != std::string::npos);
    const double milliseconds = std::stod(metrics.substr(metrics.find(sample) + sample.size())) * 1000;
    const auto [least, most] = std::minmax({before.at(field).get<double>(), after.at(field).get<double>()});
    CHECK(milliseconds > least - 1.5);
    CHECK(milliseconds < most + 1.5);
  }
}
