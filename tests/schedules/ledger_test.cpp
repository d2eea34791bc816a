// The judge himself: each kind of wrong answer is a fault, and the right one beside it is none.
#include "ledger.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "content.hpp"

namespace sess::test {
namespace {

constexpr std::int64_t idle_timeout = 1000;

/// A ledger with one session that holds mark 0 and lives until 1000; the clock stands at 0.
struct Fixture {
  Tally tally;
  std::unique_ptr<Ledger> ledger = std::make_unique<Ledger>();
  Clock clock;

  Fixture() {
    Plan plan;
    plan.idle_timeout = idle_timeout;
    ledger->attach(tally);
    ledger->clear(plan);
    ledger->add_session({});
    ledger->begin(the_controller, Deed::create, 0, true, clock);
    static_cast<void>(ledger->begin_mark(the_controller));
    ledger->judge(the_controller, Outcome::ok, clock);
    ledger->acknowledge_mark(the_controller);
    ledger->acknowledge_renewal(the_controller, true);
    ledger->acknowledge_creation(the_controller);
    ledger->end(the_controller, clock);
  }

  void answer(unsigned actor, Deed deed, Outcome outcome) {
    ledger->begin(actor, deed, 0, false, clock);
    ledger->judge(actor, outcome, clock);
    if (deed == Deed::destroy) ledger->acknowledge_destroy(actor);
    ledger->end(actor, clock);
  }
  void see(unsigned actor, std::uint64_t generation, Marks marks) {
    ledger->begin(actor, Deed::snapshot, 0, false, clock);
    ledger->see(actor, generation, {true, marks});
    ledger->end(actor, clock);
  }
  /// Whether the last thing was a fault.
  bool wrong() const { return ledger->failed(); }
};

TEST_CASE_FIXTURE(Fixture, "what was acknowledged and is not seen is a fault") {
  see(0, 1, 1);
  CHECK_FALSE(wrong());
  see(1, 1, 0);
  CHECK(wrong());
}

TEST_CASE_FIXTURE(Fixture, "a change that nobody has begun is a fault") {
  see(0, 2, 0b11);
  CHECK(wrong());
}

TEST_CASE_FIXTURE(Fixture, "a refused change that is seen is a fault, before and after the refusal") {
  ledger->begin(0, Deed::update, 0, true, clock);
  static_cast<void>(ledger->begin_mark(0));
  SUBCASE("seen before") {
    see(1, 2, 0b11);
    CHECK_FALSE(wrong());
    ledger->refuse_mark(0);
  }
  SUBCASE("seen after") {
    ledger->refuse_mark(0);
    see(1, 2, 0b11);
  }
  CHECK(wrong());
}

TEST_CASE_FIXTURE(Fixture, "a change of a killed process may be seen, and may not") {
  ledger->begin(0, Deed::update, 0, true, clock);
  static_cast<void>(ledger->begin_mark(0));
  ledger->kill(0, clock);
  see(1, 1, 0b01);
  see(2, 2, 0b11);
  CHECK_FALSE(wrong());
}

TEST_CASE_FIXTURE(Fixture, "a generation that falls, or means two versions, is a fault") {
  ledger->begin(0, Deed::update, 0, true, clock);
  static_cast<void>(ledger->begin_mark(0));
  see(1, 2, 0b11);
  SUBCASE("it falls for one reader") { see(1, 1, 0b01); }
  SUBCASE("two versions") { see(2, 2, 0b01); }
  SUBCASE("a later one has lost something") { see(2, 3, 0b01); }
  CHECK(wrong());
}

TEST_CASE_FIXTURE(Fixture, "absent is a fault while the session lives and nobody destroys it") {
  SUBCASE("it lives") {
    answer(0, Deed::snapshot, Outcome::absent);
    CHECK(wrong());
  }
  SUBCASE("whoever destroys it himself does not explain it") {
    answer(0, Deed::destroy, Outcome::absent);
    CHECK(wrong());
  }
  SUBCASE("its deadline has passed") {
    clock.wall = idle_timeout;
    answer(0, Deed::snapshot, Outcome::absent);
    CHECK_FALSE(wrong());
  }
  SUBCASE("somebody destroys it") {
    ledger->begin(1, Deed::destroy, 0, false, clock);
    answer(0, Deed::snapshot, Outcome::absent);
    CHECK_FALSE(wrong());
  }
}

TEST_CASE_FIXTURE(Fixture, "ok is a fault after the end of a session") {
  SUBCASE("destroyed") { answer(1, Deed::destroy, Outcome::ok); }
  SUBCASE("expired") { clock.wall = idle_timeout; }
  CHECK_FALSE(wrong());
  answer(0, Deed::snapshot, Outcome::ok);
  CHECK(wrong());
}

TEST_CASE_FIXTURE(Fixture, "busy before the time is over, and a conflict of what has read nothing, are faults") {
  SUBCASE("busy") { answer(0, Deed::update, Outcome::busy); }
  SUBCASE("conflict") { answer(0, Deed::merge, Outcome::conflict); }
  CHECK(wrong());
}

TEST_CASE("a version that is put together of two is not whole") {
  Editor one;
  write_mark(one, 3, Writing::blind);
  CHECK(content_of(one.values()).whole);
  CHECK(content_of(one.values()).marks == Marks{1} << 3);
  Editor two = one;
  write_mark(two, 4, Writing::derived);
  CHECK(content_of(two.values()).whole);
  two.set("text", one.get<std::string>("text").value_or(""));
  CHECK_FALSE(content_of(two.values()).whole);
}

}  // namespace
}  // namespace sess::test
