// The life of an ID in every order: two and three requests of one browser, started, finished and answered in every
// order that there is, and somebody who replays the browser's first cookies between any two of these steps.
//
// Between its start and its finish a request does nothing that another could see, and both are atomic here; what may
// come between their system calls is for tests/model.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"
#include "web/ordered_requests.hpp"

namespace sess::test {
namespace {

/// `kind` says what is special: rolling renewal, or what a wrong store would do.
Totals two_requests(const Case& kind = {}) {
  OrderedRuns runs;
  const auto orders = orders_of(2);
  for (const First first : all_firsts)
    for (const Act a : all_acts)
      for (const Act b : all_acts)
        for (const auto& order : orders)
          runs.run({first, {a, b}, order, Attack::none, 0, kind.one_cookie, kind.rolling, 0, kind.keeps_id});
  return runs.totals;
}

TEST_CASE("two requests with one cookie, in every order") { check("two requests", two_requests(), 14'080); }

TEST_CASE("two requests with one cookie, in every order, where each renews its cookie") {
  check("two requests, rolling", two_requests({.rolling = true}), 14'080);
}

TEST_CASE("two requests that renew a login's cookie, in every order, whose answers are lost") {
  OrderedRuns runs;
  const auto orders = orders_of(2);
  for (const Act a : all_acts)
    for (const Act b : all_acts)
      for (const auto& order : orders)
        for (std::size_t lost = 1; lost < 4; ++lost)
          runs.run({.first = First::login_live, .acts = {a, b}, .order = order, .rolling = true, .lost = lost});
  check("two requests, answers lost", runs.totals, 3'840);
}

TEST_CASE("two requests, and somebody who replays their cookie between any two steps") {
  OrderedRuns runs;
  const auto orders = orders_of(2);
  for (const First first : all_firsts) {
    if (first == First::none) continue;
    for (const Act a : all_acts)
      for (const Act b : all_acts)
        for (const auto& order : orders)
          for (const Attack attack : {Attack::read, Attack::write, Attack::login, Attack::logout})
            for (std::size_t at = 0; at < order.size(); at += long_run() ? 1 : 2)
              runs.run({first, {a, b}, order, attack, at, false});
  }
  check("two requests and an attacker", runs.totals, 60'000);
}

TEST_CASE("three requests with one cookie") {
  OrderedRuns runs;
  const auto orders = orders_of(3);
  REQUIRE(orders.size() == 1680);
  // The requests are alike, so their acts are a multiset. All of it in the long run, one order in so many else.
  const std::size_t stride = long_run() ? 1 : 13;
  std::size_t next = 0;
  for (const First first : all_firsts)
    for (std::size_t a = 0; a < all_acts.size(); ++a)
      for (std::size_t b = a; b < all_acts.size(); ++b)
        for (std::size_t c = b; c < all_acts.size(); ++c)
          for (const auto& order : orders)
            if (next++ % stride == 0) runs.run({first, {all_acts[a], all_acts[b], all_acts[c]}, order});
  check("three requests", runs.totals, long_run() ? 646'800 : 49'000);
}

TEST_CASE("with one cookie for both kinds of session logins are lost") {
  const Totals totals = two_requests({.one_cookie = true});
  report("one cookie", totals);
  CHECK(totals.violations.login_lost > 0);
}

TEST_CASE("without a new ID for a login whoever has the first cookie is let in") {
  const Totals totals = two_requests({.keeps_id = true});
  report("no new ID", totals);
  CHECK(totals.violations.let_in > 0);
}

}  // namespace
}  // namespace sess::test
