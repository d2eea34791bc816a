// Outcomes as values.
#include <sess/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

using namespace sess;

TEST_CASE("an outcome's name is the one in the enumeration") {
  CHECK(to_string(Outcome::ok) == "ok");
  CHECK(to_string(Outcome::absent) == "absent");
  CHECK(to_string(Outcome::expired) == "expired");
  CHECK(to_string(Outcome::superseded) == "superseded");
  CHECK(to_string(Outcome::busy) == "busy");
  CHECK(to_string(Outcome::conflict) == "conflict");
  CHECK(to_string(Outcome::gone) == "gone");
  CHECK(to_string(Outcome::not_renewed) == "not_renewed");
  CHECK(to_string(Outcome::durability_unknown) == "durability_unknown");
}

TEST_CASE("what was asked for has taken effect when it is ok or its durability is unknown") {
  CHECK(Status().ok());
  CHECK(Status(Outcome::ok).took_effect());
  CHECK(Status(Outcome::durability_unknown).took_effect());
  CHECK_FALSE(Status(Outcome::durability_unknown).ok());
  for (const Outcome outcome : {Outcome::absent, Outcome::expired, Outcome::superseded, Outcome::busy,
                                Outcome::conflict, Outcome::gone, Outcome::not_renewed}) {
    CHECK_FALSE(Status(outcome).ok());
    CHECK_FALSE(static_cast<bool>(Status(outcome)));
    CHECK_FALSE(Status(outcome).took_effect());
  }
  CHECK(Status(Outcome::busy, 17).holder() == 17);
  CHECK(Status(Outcome::busy) == Outcome::busy);
}

TEST_CASE("a result has a value or an outcome, and asking for a value that is not there throws") {
  Result<std::string> good(std::string("x"));
  CHECK(good.has_value());
  CHECK(*good == "x");
  CHECK(good->size() == 1);
  CHECK(good.outcome() == Outcome::ok);
  Result<std::string> bad(Outcome::busy);
  CHECK_FALSE(static_cast<bool>(bad));
  CHECK(bad.outcome() == Outcome::busy);
  CHECK_THROWS_AS(static_cast<void>(bad.value()), UsageError);
  CHECK_THROWS_AS(static_cast<void>(*std::as_const(bad)), UsageError);
  CHECK_THROWS_AS(static_cast<void>(bad->size()), UsageError);
  CHECK(Result<int>(Status(Outcome::busy, 5)).status().holder() == 5);
}

TEST_CASE("a result's value can be moved out") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> value = *std::move(result);
  CHECK(*value == 7);
}
