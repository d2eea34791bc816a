// How stores and sessions are named on the command line.
#include "cli/sessctl_program.hpp"

#include <filesystem>

#include <doctest/doctest.h>

using cli::Finished;
using cli::Start;
using cli::TestStore;

TEST_CASE("a session is named by its key or by a prefix that no other has") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  CHECK(store.ok({"get", key, "a"}) == "1");
  CHECK(store.ok({"get", key.substr(0, 12), "a"}) == "1");
  CHECK(store.ok({"get", key.substr(0, 4), "a"}) == "1");
}

TEST_CASE("the digits of a key are taken in either case") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const std::string upper = cli::upper_case(key);
  CHECK(store.ok({"get", upper, "a"}) == "1");
  CHECK(store.ok({"get", upper.substr(0, 12), "a"}) == "1");
}

TEST_CASE("a prefix of fewer than four digits is refused") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const Finished finished = store.run({"rm", key.substr(0, 3)});
  CHECK(finished.code == 64);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("a prefix that several sessions share is refused and harms none of them") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  std::string twin = key;
  twin.back() = twin.back() == '0' ? '1' : '0';
  std::filesystem::copy_file(store.record(key), store.record(twin));  // the search looks at names only
  for (const char* command : {"show", "rm"}) {
    const Finished finished = store.run({command, key.substr(0, 12)});
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find("several") != std::string::npos);
  }
  CHECK(store.ok({"get", key, "a"}) == "1");
}

TEST_CASE("rm does not take a shared prefix for the second session because it ended the first before") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  std::string twin = key;
  twin.back() = twin.back() == '0' ? '1' : '0';
  std::filesystem::copy_file(store.record(key), store.record(twin));
  const Finished finished = store.run({"rm", key, key.substr(0, 12)});
  CHECK(finished.code == 64);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK_FALSE(std::filesystem::exists(store.record(key)));
  CHECK(std::filesystem::exists(store.record(twin)));
}

TEST_CASE("an unknown key or prefix ends with 66") {
  const TestStore store;
  for (const std::string& name : {std::string("0123abcd"), std::string(40, '0')})
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"show", name}, {"get", name, "a"}, {"set", name, "a=1"}, {"unset", name, "a"}, {"rm", name}}) {
      const Finished finished = store.run(arguments);
      CAPTURE(arguments.front());
      CHECK(finished.code == 66);
      CHECK(finished.out.empty());
      CHECK(cli::is_one_error_line(finished.err));
    }
  CHECK(store.ok({"ls", "--json"}).empty());
}

TEST_CASE("--id - reads the ID from standard input, with every command that names a session") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  const auto with_id = [&](std::vector<std::string> arguments, const std::string& input) {
    Start start = store.start(std::move(arguments));
    start.input = input;
    return cli::run(start);
  };
  CHECK(with_id({"get", "--id", "-", "a"}, id).out == "1\n");
  CHECK(with_id({"set", "--id", "-", "a=2"}, id + "\n").code == 0);
  CHECK(with_id({"get", "a", "--id=-"}, "  " + id + "\r\nmore\n").out == "2\n");
  CHECK(with_id({"show", "--id", "-"}, id).out.find("a = \"2\"") != std::string::npos);
  CHECK(with_id({"unset", "--id", "-", "a"}, id).code == 0);
  CHECK(with_id({"incr", "--id", "-", "a"}, id).out == "1\n");
  CHECK(with_id({"touch", "--id", "-"}, id).code == 0);
  CHECK(with_id({"rm", "--id", "-"}, id).code == 0);
  const Finished gone = with_id({"show", "--id", "-"}, id);
  CHECK(gone.code == 66);
  CHECK(with_id({"show", "--id", "-"}, "").code == 64);
}

TEST_CASE("an ID of another store, a forged one and nonsense are not found, and no message repeats them") {
  const TestStore store;
  const TestStore other;
  std::string forged = store.create();
  forged[30] = forged[30] == 'A' ? 'B' : 'A';
  for (const std::string& id : {other.create(), forged, std::string("not-an-id")}) {
    const Finished finished = store.run({"show", "--id", id});
    CHECK(finished.code == 66);
    CHECK(finished.out.empty());
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(id) == std::string::npos);
  }
}

TEST_CASE("an ID whose secret is gone is not said to have never been issued, and what is no ID is said to be none") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  store.ok({"rotate-keys", "--keep", "0"});
  const Finished gone = store.run({"show", "--id", id});
  CHECK(gone.code == 66);
  CHECK(cli::is_one_error_line(gone.err));
  CHECK(gone.err.find("never issued that ID, or the secret that it was issued with is gone") != std::string::npos);
  CHECK(gone.err.find("rotate-keys") != std::string::npos);
  for (const std::string& text : {id.substr(1), id + "A", "!" + id.substr(1)}) {
    const Finished none = store.run({"show", "--id", text});
    CHECK(none.code == 66);
    CHECK(cli::is_one_error_line(none.err));
    CHECK(none.err.find("this is no session ID") != std::string::npos);
    CHECK(none.err.find(text) == std::string::npos);
  }
}

TEST_CASE("sessions whose secret is gone are still listed, and rm --all removes them") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  store.ok({"rotate-keys", "--keep", "0"});
  store.ok({"gc"});
  CHECK(store.ok({"ls", "--json"}).find(key) != std::string::npos);
  store.ok({"rm", "--all", "--yes"});
  CHECK(store.ok({"ls", "--json"}).empty());
  const std::string help = store.ok({"rotate-keys", "--help"});
  CHECK(help.find("Every session ends") == std::string::npos);
  CHECK(help.find("rm --all --yes") != std::string::npos);
}

TEST_CASE("an ID in the wrong place is refused and not repeated") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"show", id},
                                                                     {"rm", id},
                                                                     {"ls", id},
                                                                     {"show", "--id", id, id},
                                                                     {"show", "--id", id, "--id", id},
                                                                     {"show", "--" + id},
                                                                     {"gc", "--budget", id},
                                                                     {"show", "--json=" + id},
                                                                     {"create", id}}) {
    const Finished finished = store.run(arguments);
    CAPTURE(arguments);
    CHECK(finished.code == 64);
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(id.substr(1, 58)) == std::string::npos);
  }
  CHECK(cli::run({id}).err.find(id) == std::string::npos);
  CHECK(store.ok({"get", "--id", id, "a"}) == "1");
}

TEST_CASE("an ID in place of a value's name is not repeated") {
  const TestStore store;
  const std::string id = store.create();
  const std::string key = store.ok({"ls", "--json"}).substr(8, 40);
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"get", key, id}, {"set", key, id + ":={"}}) {
    const Finished finished = store.run(arguments);
    CAPTURE(arguments.front());
    CHECK(finished.code == (arguments.front() == "get" ? 66 : 64));
    CHECK(cli::is_one_error_line(finished.err));
    CHECK(finished.err.find(id.substr(0, 40)) == std::string::npos);
  }
}

TEST_CASE("an empty --id is a mistake in the command line and not an ID that nobody has issued") {
  const TestStore store;
  const Finished finished = store.run({"show", "--id", ""});
  CHECK(finished.code == 64);
  CHECK(cli::is_one_error_line(finished.err));
}

TEST_CASE("no command but create prints an ID, and nothing in the store does") {
  const TestStore store;
  const std::string id = store.create({"a=1"});
  const std::string key = store.ok({"ls", "--full"}).substr(store.ok({"ls", "--full"}).find('\n') + 1, 40);
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"ls"},
                                                                     {"ls", "--json"},
                                                                     {"show", key},
                                                                     {"show", key, "--json"},
                                                                     {"stats"},
                                                                     {"gc"},
                                                                     {"set", key, "b=1", "--json"}})
    CHECK(store.run(arguments).out.find(id.substr(1, 30)) == std::string::npos);
}

TEST_CASE("the store is named by --store, before or after the command, or else by SESS_STORE") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const TestStore other;
  CHECK(cli::run({"--store", store.path(), "get", key, "a"}).out == "1\n");
  CHECK(cli::run({"--store=" + store.path(), "get", key, "a"}).out == "1\n");
  CHECK(cli::run({"get", key, "a", "--store", store.path()}).out == "1\n");
  Start start{.arguments = {"get", key, "a"}, .environment = {{"SESS_STORE", store.path()}}};
  CHECK(cli::run(start).out == "1\n");
  start.environment = {{"SESS_STORE", other.path()}};
  start.arguments.insert(start.arguments.end(), {"--store", store.path()});
  CHECK(cli::run(start).out == "1\n");
  const Finished unnamed = cli::run({"ls"});
  CHECK(unnamed.code == 64);
  CHECK(cli::is_one_error_line(unnamed.err));
  CHECK(unnamed.err.find("SESS_STORE") != std::string::npos);
}

TEST_CASE("an empty --store does not reach the store of SESS_STORE, and two of them are refused") {
  const TestStore store;
  const std::string path = store.path();
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--store", "", "ls"},
                                                                     {"--store=", "ls"},
                                                                     {"ls", "--store", ""},
                                                                     {"ls", "--store="},
                                                                     {"--store", path, "--store", path, "ls"},
                                                                     {"--store", path, "ls", "--store", path},
                                                                     {"ls", "--store", path, "--store", path}}) {
    const Finished finished = cli::run(Start{.arguments = arguments, .environment = {{"SESS_STORE", path}}});
    CAPTURE(arguments);
    cli::check_usage_error(finished);
  }
}
