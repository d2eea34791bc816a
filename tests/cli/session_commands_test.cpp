// create, show, get, set, unset and rm.
#include "cli/sessctl_program.hpp"

#include <map>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::Running;
using cli::TestStore;
using nlohmann::json;

TEST_CASE("create prints the session's ID and nothing else") {
  const TestStore store;
  const Finished created = store.run({"create", "user=ann"});
  CHECK(created.code == 0);
  CHECK(created.err.empty());
  REQUIRE(created.out.size() == 61);
  CHECK(created.out.substr(0, 60).find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
  CHECK(store.ok({"get", "--id", created.out.substr(0, 60), "user"}) == "ann");
}

TEST_CASE("create without values makes a session all the same") {
  const TestStore store;
  const std::string id = store.create();
  const json shown = json::parse(store.ok({"show", "--id", id, "--json"}));
  CHECK(shown.at("values") == json::object());
  CHECK(shown.at("generation") == 1);
}

TEST_CASE("create takes the idle timeout and the lifetime of the session") {
  const TestStore store;
  const json created = json::parse(store.ok({"create", "--json", "--idle", "30m", "--lifetime", "8h", "a=1"}));
  CHECK(created.at("id").get<std::string>().size() == 60);
  CHECK(created.at("key").get<std::string>().size() == 40);
  CHECK(created.at("kind") == "anonymous");
  CHECK(created.at("idle_timeout_ms") == 30 * 60 * 1000);
  CHECK(created.at("idle_left_ms").get<long>() <= 30 * 60 * 1000);
  CHECK(created.at("idle_left_ms").get<long>() > 29 * 60 * 1000);
  CHECK(created.at("absolute_deadline") > created.at("deadline"));
}

TEST_CASE("values are stored as text or as JSON and come back as they went") {
  const TestStore store;
  const std::string key = store.create_key({"text=7", "number:=7", "real:=1.0", "yes:=true", "nothing:=null",
                                            R"(list:=[1,"a",[]])", R"(map:={"b":{"c":-9223372036854775808}})",
                                            R"(raw:={"$bytes":"AAEC/w=="})", "empty=", "equation=a=b:=c"});
  const json values = json::parse(store.ok({"show", key, "--json"})).at("values");
  CHECK(values == json::parse(R"({"text":"7","number":7,"real":1.0,"yes":true,"nothing":null,"list":[1,"a",[]],
      "map":{"b":{"c":-9223372036854775808}},"raw":{"$bytes":"AAEC/w=="},"empty":"","equation":"a=b:=c"})"));
  CHECK(values.at("real").is_number_float());
  CHECK(store.ok({"get", key, "text"}) == "7");
  CHECK(store.ok({"get", key, "real"}) == "1.0");
  CHECK(store.ok({"get", key, "list"}) == R"([1,"a",[]])");
  CHECK(store.ok({"get", key, "raw"}) == R"({"$bytes":"AAEC/w=="})");
  CHECK(store.run({"get", key, "empty"}).out == "\n");
  CHECK(json::parse(store.ok({"get", key, "map", "--json"})) ==
        json({{"key", key}, {"name", "map"}, {"value", {{"b", {{"c", INT64_MIN}}}}}}));
}

TEST_CASE("an argument that is no NAME=VALUE is told by its position, and never repeated") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  const std::string key = store.create_key({"a=1"});
  const auto refused = [&](const std::vector<std::string>& arguments, const char* position) {
    const Finished finished = store.run(arguments);
    cli::check_usage_error(finished);
    CHECK(finished.err.find(": argument " + std::string(position) + " is not of the form NAME=text") !=
          std::string::npos);
    CHECK(finished.err.find("s3cret") == std::string::npos);
  };
  refused({"create", "a=1", "s3cret", "b=2"}, "2");
  refused({"create", "--idle", "5m", "=s3cret"}, "1");
  refused({"set", key, "a=2", "s3cret"}, "3");
  refused({"set", "--renew", key, "s3cret"}, "2");
  refused({"set", "--id", id, "a=2", "s3cret"}, "2");
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("show prints facts and nested values for people") {
  const TestStore store;
  const std::string key =
      store.create_key({"user=ann", R"(cart:=[{"sku":"x1","count":2}])", R"(raw:={"$bytes":"AAEC"})"});
  const std::string shown = store.ok({"show", key});
  CHECK(shown.find(key) != std::string::npos);
  CHECK(shown.find("kind               anonymous\n") != std::string::npos);
  CHECK(shown.find("idle timeout       24m\n") != std::string::npos);
  CHECK(shown.find("values             3\n") != std::string::npos);
  CHECK(shown.find("  user = \"ann\"") != std::string::npos);
  CHECK(shown.find(R"(  cart = [{"count": 2, "sku": "x1"}])") != std::string::npos);
  CHECK(shown.find("  raw = <bytes, 3>") != std::string::npos);
}

TEST_CASE("a long value is shown over several lines") {
  const TestStore store;
  const std::string word(60, 'w');
  const std::string key = store.create_key({"a:=[\"" + word + "\",{\"b\":\"" + word + "\"}]"});
  CHECK(store.ok({"show", key}).ends_with("  a = [\n    \"" + word + "\",\n    {\"b\": \"" + word + "\"}\n  ]"));
}

TEST_CASE("get of a value that is not there ends with 66") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const Finished finished = store.run({"get", key, "b"});
  CHECK(finished.code == 66);
  CHECK(finished.out.empty());
  CHECK(cli::is_one_error_line(finished.err));
}

TEST_CASE("set replaces and adds, unset removes, each as one version") {
  const TestStore store;
  const std::string key = store.create_key({"a=1", "b=2"});
  CHECK(store.ok({"set", key, "b=3", "c:=[4]"}).empty());
  CHECK(json::parse(store.ok({"set", key, "d=5", "--json"})) == json({{"key", key}, {"outcome", "ok"}}));
  json shown = json::parse(store.ok({"show", key, "--json"}));
  CHECK(shown.at("values") == json::parse(R"({"a":"1","b":"3","c":[4],"d":"5"})"));
  CHECK(shown.at("generation") == 3);
  CHECK(store.ok({"unset", key, "a", "c", "never"}).empty());
  CHECK(json::parse(store.ok({"unset", key, "d", "--json"})) == json({{"key", key}, {"outcome", "ok"}}));
  shown = json::parse(store.ok({"show", key, "--json"}));
  CHECK(shown.at("values") == json::parse(R"({"b":"3"})"));
}

TEST_CASE("an operator's change does not keep a session alive unless asked to") {
  const TestStore store;
  const std::vector<std::vector<std::string>> commands{{"set", "a=2", "a=3"}, {"incr", "n", "n"}, {"unset", "b", "c"}};
  for (const auto& command : commands) {
    CAPTURE(command[0]);
    const std::string key = store.create_key({"a=1", "b=1", "c=1", "--idle", "10h", "--lifetime", "20h"});
    const auto before = store.deadline(key);
    cli::outlive(std::chrono::milliseconds(1));
    store.ok({command[0], key, command[1]});
    CHECK(store.deadline(key) == before);
    store.ok({command[0], key, command[2], "--renew"});
    CHECK(store.deadline(key) > before);
  }
}

TEST_CASE("fifty sets of different names at once lose none") {
  const TestStore store;
  const std::string key = store.create_key();
  std::vector<Running> running;
  json expected = json::object();
  for (int number = 0; number < 50; ++number) {
    const std::string name = "name" + std::to_string(number);
    running.emplace_back(store.start({"set", key, name + ":=" + std::to_string(number)}));
    expected[name] = number;
  }
  for (Running& one : running) {
    const Finished finished = one.wait();
    CHECK(finished.code == 0);
    CHECK(finished.err.empty());
  }
  const json shown = json::parse(store.ok({"show", key, "--json"}));
  CHECK(shown.at("values") == expected);
  CHECK(shown.at("generation") == 51);
}

TEST_CASE("rm ends several sessions and goes on after a failure") {
  const TestStore store;
  const std::string first = store.create_key({"a=1"});
  const std::string second = store.create_key({"a=1"});
  const Finished finished = store.run({"rm", first, std::string(40, '0'), second.substr(0, 12)});
  CHECK(finished.code == 66);
  CHECK(finished.out.empty());
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(store.ok({"ls", "--json"}).empty());
  CHECK(store.run({"show", first}).code == 66);
  CHECK(store.run({"set", second, "a=2"}).code == 66);
}

TEST_CASE("rm --json says of each session what became of it") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const std::string none(40, '0');
  const Finished finished = store.run({"rm", "--json", none, key});
  const auto printed = cli::lines(finished.out);
  REQUIRE(printed.size() == 2);
  CHECK(json::parse(printed.at(0)) == json({{"key", none}, {"outcome", "absent"}, {"dry_run", false}}));
  CHECK(json::parse(printed.at(1)) == json({{"key", key}, {"outcome", "ok"}, {"dry_run", false}}));
  CHECK(finished.code == 66);
}
