// sessctl and sealed sessions: facts by the key, values by the ID alone.
#include "cli/sessctl_program.hpp"

#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::Start;
using cli::TestStore;
using nlohmann::json;

namespace {

struct Sealed {
  TestStore store;
  std::string id = store.create({"--sealed", "user=ann"});
  std::string key = json::parse(store.ok({"ls", "--json"})).at("key");

  Finished by_id(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"--id", "-"});
    Start start = store.start(std::move(arguments));
    start.input = id + "\n";
    return cli::run(start);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Sealed, "a sealed session is shown by its key without its values") {
  const json shown = json::parse(store.ok({"show", key, "--json"}));
  CHECK(shown.at("sealed") == true);
  CHECK(shown.at("values").is_null());
  CHECK(shown.at("generation") == 1);
  const std::string text = store.ok({"show", key});
  CHECK(text.find("sealed") != std::string::npos);
  CHECK(text.find("ann") == std::string::npos);
  CHECK(json::parse(store.ok({"ls", "--json"})).at("sealed") == true);
  CHECK(json::parse(store.ok({"stats", "--json"})).at("sessions") == 1);
}

TEST_CASE_FIXTURE(Sealed, "values of a sealed session that are asked for by its key are refused in one line") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"get", key, "user"}, {"set", key, "user=bob"}, {"unset", key, "user"}}) {
    const Finished finished = store.run(arguments);
    CHECK(finished.code == 77);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("sealed") != std::string::npos);
    CHECK(finished.err.find("--id -") != std::string::npos);
  }
  CHECK(by_id({"get", "user"}).out == "ann\n");
}

TEST_CASE_FIXTURE(Sealed, "every command works on a sealed session that is named by its ID") {
  CHECK(by_id({"set", "user=bob", "n:=1"}).code == 0);
  CHECK(by_id({"incr", "n"}).out == "2\n");
  CHECK(by_id({"unset", "n"}).code == 0);
  CHECK(by_id({"touch"}).code == 0);
  const Finished shown = by_id({"show", "--json"});
  CHECK(json::parse(shown.out).at("values") == json{{"user", "bob"}});
  CHECK(json::parse(shown.out).at("sealed") == true);
  CHECK(by_id({"rm"}).code == 0);
}

TEST_CASE_FIXTURE(Sealed, "a sealed session is ended by its key") {
  CHECK(store.ok({"rm", key}).empty());
  CHECK(store.run({"show", key}).code == 66);
}

TEST_CASE("a session is made sealed only where that is asked for") {
  const TestStore store;
  const std::string key = store.create_key({"user=ann"});
  CHECK(json::parse(store.ok({"show", key, "--json"})).at("sealed") == false);
  CHECK(store.ok({"get", key, "user"}) == "ann");
  CHECK(json::parse(store.ok({"create", "--sealed", "--json"})).at("sealed") == true);
}
