// Store::destroy_if: a session ends if it is, under its lock, what it was taken for.
#include "contract/fake_store.hpp"
#include "support/events.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

constexpr auto always = [](const SessionFacts&) { return true; };

TEST_CASE("a session ends where the condition holds, and stays as it is where it does not") {
  for (const bool sealed : {false, true}) {
    CAPTURE(sealed);
    ToldEvents told;
    const FakeStore world({.sealed = sealed, .on_event = told.listener()});
    const Store& store = world.store;
    CreateOptions options;
    if (sealed) options = {.kind = SessionKind::authenticated, .principal = "ann"};
    const SessionId id = make_session(store, {{"n", 1}}, options);
    REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
    const SessionFacts facts = store.facts_of(id.key()).value();
    SessionFacts seen;
    CHECK(store.destroy_if(id.key(), [&](const SessionFacts& known) {
      seen = known;
      return false;
    }) == Outcome::conflict);
    CHECK(seen.generation == facts.generation);
    CHECK(seen.deadline == facts.deadline);
    CHECK(seen.size == facts.size);
    CHECK(seen.sealed == facts.sealed);
    CHECK(seen.kind == facts.kind);
    CHECK(store.snapshot(id)->get<int>("n") == 2);
    const auto refuses = [](const SessionFacts&) -> bool { throw std::runtime_error("no"); };
    CHECK_THROWS_AS(static_cast<void>(store.destroy_if(id.key(), refuses)), std::runtime_error);
    CHECK(store.snapshot(id)->get<int>("n") == 2);
    told.take();
    CHECK(store.destroy_if(id.key(), always).ok());
    CHECK(store.snapshot(id).outcome() == Outcome::absent);
    const Event event = told.only();
    CHECK(event.kind == Event::Kind::destroyed);
    CHECK(event.key == id.key());
    CHECK(store.destroy_if(id.key(), always) == Outcome::absent);
  }
}

TEST_CASE_FIXTURE(FakeStore, "what is not live is not asked about") {
  const auto never = [](const SessionFacts&) -> bool { throw std::logic_error("asked"); };
  const SessionId expired = make_session(store, {{"n", 1}}, {.idle_timeout = 1s});
  system->advance(2s);
  CHECK(store.destroy_if(expired.key(), never) == Outcome::expired);
  Session session = store.lock(make_session(store, {{"n", 1}})).value();
  const SessionKey earlier = session.key();
  const SessionKey next = session.regenerate()->key();
  session.release();
  CHECK(store.destroy_if(earlier, never) == Outcome::superseded);
  CHECK(store.facts_of(next));
  CHECK(store.destroy_if(next, always).ok());
}

}  // namespace
}  // namespace sess::test
