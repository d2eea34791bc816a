// incr and touch.
#include "cli/sessctl_program.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::Running;
using cli::TestStore;
using nlohmann::json;

namespace {

json values_of(const TestStore& store, const std::string& key) {
  return json::parse(store.ok({"show", key, "--json"})).at("values");
}

}  // namespace

TEST_CASE("incr adds in one commit and prints the sums") {
  const TestStore store;
  const std::string key = store.create_key({"n:=4", "real:=0.5"});
  CHECK(store.ok({"incr", key, "n"}) == "5");
  CHECK(store.ok({"incr", key, "n=-7", "new=3", "real=0.25", "real=1"}) == "-2\n3\n0.75\n1.75");
  CHECK(values_of(store, key) == json{{"n", -2}, {"new", 3}, {"real", 1.75}});
  CHECK(json::parse(store.ok({"show", key, "--json"})).at("generation") == 3);
  CHECK(json::parse(store.ok({"incr", key, "n", "--json"})) == json({{"key", key}, {"name", "n"}, {"value", -1}}));
}

TEST_CASE("incr of what is no number, and by what is none, writes nothing of the whole command") {
  const TestStore store;
  const std::string key = store.create_key({"n:=1", "text=x", "most:=9223372036854775807"});
  const json before = values_of(store, key);
  for (const auto& [amount, code] : std::vector<std::pair<std::string, int>>{{"text", 65},
                                                                             {"n=0.5", 65},
                                                                             {"most", 65},
                                                                             {"n=x", 64},
                                                                             {"n=", 64},
                                                                             {"=1", 64},
                                                                             {"n=[1]", 64},
                                                                             {"n=1e999", 64}}) {
    CAPTURE(amount);
    const Finished finished = store.run({"incr", key, "n", amount});
    CHECK(finished.code == code);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(values_of(store, key) == before);
  }
}

TEST_CASE("fifty incrs at once of one value are all in it, and each prints another sum") {
  const TestStore store;
  const std::string key = store.create_key();
  std::vector<Running> running;
  for (int number = 0; number < 50; ++number) running.emplace_back(store.start({"incr", key, "n"}));
  std::vector<bool> printed(51);
  for (Running& one : running) {
    const Finished finished = one.wait();
    CHECK(finished.code == 0);
    printed.at(std::stoul(finished.out)) = true;
  }
  for (std::size_t sum = 1; sum <= 50; ++sum) CHECK(printed[sum]);
  CHECK(store.ok({"get", key, "n"}) == "50");
}

TEST_CASE("touch renews the deadline and nothing else") {
  const TestStore store;
  const std::string key = store.create_key({"--idle", "10s", "a=1"});
  const auto generation = [&] { return json::parse(store.ok({"show", key, "--json"})).at("generation"); };
  const auto before = store.deadline(key);
  // A tenth of the idle timeout, or it is not worth a write.
  cli::outlive(std::chrono::milliseconds(1000));
  CHECK(store.ok({"touch", key}).empty());
  CHECK(store.deadline(key) >= before + std::chrono::milliseconds(1000));
  CHECK(generation() == 1);
  CHECK(json::parse(store.ok({"touch", key, "--json"})) == json({{"key", key}, {"outcome", "ok"}}));
  const Finished none = store.run({"touch", std::string(40, '0')});
  CHECK(none.code == 66);
  CHECK(cli::is_one_error_line(none.err));
}
