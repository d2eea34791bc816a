// The only owner of a descriptor.
#include "sys/unique_fd.hpp"

#include "support/fake_system.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <utility>

using namespace sess;
using sys::UniqueFd;
using test::Call;

static_assert(!std::is_copy_constructible_v<UniqueFd> && !std::is_copy_assignable_v<UniqueFd>);
static_assert(std::is_nothrow_move_constructible_v<UniqueFd> && std::is_nothrow_move_assignable_v<UniqueFd>);

namespace {

int open(test::FakeSystem& system) { return system.open(sys::working_directory, "/", sys::OpenMode::directory); }

}  // namespace

TEST_CASE("a descriptor is closed once, when its owner dies") {
  test::FakeSystem system;
  const int number = open(system);
  {
    const UniqueFd owner(system, number);
    CHECK(static_cast<bool>(owner));
    CHECK(owner.get() == number);
    CHECK(system.calls(Call::close) == 0);
  }
  CHECK(system.calls(Call::close) == 1);
  CHECK(system.leaks().none());
}

TEST_CASE("an owner of nothing closes nothing") {
  test::FakeSystem system;
  {
    UniqueFd owner;
    CHECK_FALSE(static_cast<bool>(owner));
    owner.reset();
  }
  CHECK(system.calls(Call::close) == 0);
}

TEST_CASE("a move hands the descriptor over, and closes what the other had") {
  test::FakeSystem system;
  const int first = open(system);
  const int second = open(system);
  {
    UniqueFd a(system, first);
    UniqueFd b(std::move(a));
    CHECK_FALSE(static_cast<bool>(a));  // NOLINT(bugprone-use-after-move): that is the question
    CHECK(b.get() == first);
    UniqueFd c(system, second);
    c = std::move(b);
    CHECK(system.calls(Call::close) == 1);
    CHECK(c.get() == first);
    UniqueFd& self = c;
    c = std::move(self);
    CHECK(c.get() == first);
    UniqueFd empty;
    empty = std::move(c);
    CHECK(empty.get() == first);
  }
  CHECK(system.calls(Call::close) == 2);
  CHECK(system.leaks().none());
}

TEST_CASE("reset closes at once, release hands out without closing") {
  test::FakeSystem system;
  UniqueFd owner(system, open(system));
  owner.reset();
  owner.reset();
  CHECK(system.calls(Call::close) == 1);
  UniqueFd other(system, open(system));
  const int number = other.release();
  CHECK_FALSE(static_cast<bool>(other));
  other.reset();
  CHECK(system.calls(Call::close) == 1);
  CHECK(system.close(number) == 0);
}

TEST_CASE("close is not tried again when it fails") {
  test::FakeSystem system;
  system.fail(Call::close, 1, EINTR, test::Repeat::for_good);
  { const UniqueFd owner(system, open(system)); }
  CHECK(system.calls(Call::close) == 1);
}
