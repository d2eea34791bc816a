// A file that nobody else uses, locked before it has any content.
#include "fs/temporary_file.hpp"

#include "fake_ground.hpp"

#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sess;
using fs::make_temporary_file;
using test::Call;
using test::FakeGround;

TEST_CASE("a temp file is empty, locked, and has the name that was asked for") {
  FakeGround ground;
  const auto temporary = make_temporary_file(ground.directory, ground.temporary_names());
  CHECK(temporary.name == "t0");
  CHECK(temporary.lock.own());
  CHECK(temporary.status.size == 0);
  CHECK(temporary.status.mode == 0600);
  CHECK(temporary.status.identity == ground.system.look("/t0").identity);
  CHECK(ground.system.leaks().locks.size() == 1);
}

TEST_CASE("a name that is taken is left, and another one asked for") {
  FakeGround ground;
  ground.system.set_text("/t0", "somebody's");
  ground.system.set_text("/t1", "somebody's");
  CHECK(make_temporary_file(ground.directory, ground.temporary_names()).name == "t2");
  CHECK(ground.system.text("/t0") == "somebody's");
}

TEST_CASE("a temp file that somebody else has locked first is left to them") {
  FakeGround ground;
  ground.system.fail(Call::try_lock, 1, EWOULDBLOCK);
  const auto temporary = make_temporary_file(ground.directory, ground.temporary_names());
  CHECK(temporary.name == "t1");
  CHECK(ground.names() == std::vector<std::string>{"t0", "t1"});
  CHECK(ground.system.leaks().locks.size() == 1);
}

TEST_CASE("the search for a name ends") {
  FakeGround ground;
  ground.system.set_text("/same", "");
  int asked = 0;
  const auto same_name = [&] {
    ++asked;
    return std::string("same");
  };
  CHECK_THROWS_AS(static_cast<void>(make_temporary_file(ground.directory, same_name)), IoError);
  CHECK(asked <= 8);
}

TEST_CASE("a full disk is told by the path that could not be made") {
  FakeGround ground;
  ground.system.fail(Call::open, 1, ENOSPC);
  try {
    static_cast<void>(make_temporary_file(ground.directory, ground.temporary_names()));
    FAIL("no error");
  } catch (const IoError& error) {
    CHECK(std::string(error.what()) == "create \"//t0\": No space left on device");
  }
  CHECK(ground.names().empty());
}
