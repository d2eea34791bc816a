// Places of waiters: as many as there are, each let go with its holder.
#include "fs/waiting_room.hpp"

#include "fake_ground.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <optional>

using namespace sess;
using fs::take_place;
using fs::WaitingRoom;
using test::Call;
using test::FakeGround;

namespace {

struct Ground : FakeGround {
  Ground() { directory.make_file("waiters"); }
  WaitingRoom room(std::uint64_t first, unsigned places) const { return {&directory, "waiters", first, places}; }
};

}  // namespace

TEST_CASE("there are as many places as the room says, and one that is let go is free again") {
  Ground ground;
  auto first = take_place(ground.room(128, 2));
  const auto second = take_place(ground.room(128, 2));
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(take_place(ground.room(128, 2)));
  CHECK(take_place(ground.room(128, 3)));  // whose limit is higher finds one more
  CHECK(take_place(ground.room(192, 2)));  // another session's
  first.reset();
  CHECK(take_place(ground.room(128, 2)));
}

TEST_CASE("a place is announced, so that a forked child does not keep it") {
  Ground ground;
  const auto place = take_place(ground.room(0, 1));
  CHECK(ground.system.leaks().announced == 1);
}

TEST_CASE("a waiter that finds no place leaves nothing open, and one that cannot look waits without a limit") {
  Ground ground;
  const auto before = ground.system.leaks().descriptors.size();
  {
    const auto place = take_place(ground.room(0, 1));
    CHECK_FALSE(take_place(ground.room(0, 1)));
    for (const Call call : {Call::open, Call::status, Call::try_lock_byte}) {
      CAPTURE(to_string(call));
      ground.system.fail(call, 1, ENOLCK);
      const auto unlimited = take_place(ground.room(0, 1));
      REQUIRE(unlimited);
      CHECK_FALSE(*unlimited);
    }
  }
  CHECK(ground.system.leaks().descriptors.size() == before);
  CHECK(ground.system.leaks().announced == 0);
}

TEST_CASE("the file of the places is made where there is none") {
  Ground ground;
  ground.directory.unlink("waiters");
  CHECK(*take_place(ground.room(0, 1)));
  CHECK(ground.system.exists("/waiters"));
  ground.directory.unlink("waiters");
  ground.system.limit_space(0, 0);
  CHECK_FALSE(*take_place(ground.room(0, 1)));
}

TEST_CASE("a file that is there already is left as it is") {
  Ground ground;
  ground.system.set_text("/waiters", "text");
  ground.directory.make_file("waiters");
  CHECK(ground.system.text("/waiters") == "text");
}
