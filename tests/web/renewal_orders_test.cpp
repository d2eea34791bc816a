// Requests of one browser in every order, as every_order_test.cpp has them, where each renews its cookie: with answers
// that are lost, with time that goes by between the steps, and with somebody who replays the first cookies.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

#include "support/temporary_directory.hpp"
#include "web/ordered_requests.hpp"

namespace sess::test {
namespace {

/// One order in so many; sixteen times as many in the long run.
std::size_t stride(std::size_t usual) { return long_run() ? usual / 16 : usual; }

TEST_CASE("three requests that renew their cookie") {
  OrderedRuns runs;
  const auto orders = orders_of(3);
  std::size_t next = 0;
  for (const First first : {First::login_live, First::anonymous_live, First::login_superseded, First::login_expired})
    for (const Act a : all_acts)
      for (const Act b : all_acts)
        for (const Act c : all_acts)
          for (const auto& order : orders)
            if (next++ % stride(113) == 0)
              runs.run({.first = first, .acts = {a, b, c}, .order = order, .rolling = true});
  check("three, rolling", runs.totals, 30'000);
}

TEST_CASE("three requests that renew their cookie, whose answers are lost") {
  OrderedRuns runs;
  const auto orders = orders_of(3);
  std::size_t next = 0;
  for (const Act a : all_acts)
    for (const Act b : all_acts)
      for (const Act c : all_acts)
        for (const auto& order : orders)
          for (std::size_t lost = 1; lost < 8; ++lost)
            if (next++ % stride(307) == 0)
              runs.run({.first = First::login_live, .acts = {a, b, c}, .order = order, .rolling = true, .lost = lost});
  check("three, rolling, lost", runs.totals, 19'000);
}

TEST_CASE("two requests that renew their cookie, and somebody who replays the first") {
  OrderedRuns runs;
  const auto orders = orders_of(2);
  for (const First first : {First::login_live, First::anonymous_live})
    for (const Act a : all_acts)
      for (const Act b : all_acts)
        for (const auto& order : orders)
          for (const Attack attack : {Attack::read, Attack::write, Attack::login, Attack::logout})
            for (std::size_t at = 0; at < order.size(); at += long_run() ? 1 : 2)
              runs.run(
                  {.first = first, .acts = {a, b}, .order = order, .attack = attack, .attack_at = at, .rolling = true});
  check("two, rolling, attacker", runs.totals, 30'000);
}

TEST_CASE("two requests that renew their cookie, and somebody who replays the first, and answers are lost") {
  OrderedRuns runs;
  const auto orders = orders_of(2);
  for (const Act a : all_acts)
    for (const Act b : all_acts)
      for (const auto& order : orders)
        for (const Attack attack : {Attack::read, Attack::write})
          for (std::size_t at = 0; at < order.size(); at += long_run() ? 1 : 2)
            for (std::size_t lost = 1; lost < 4; ++lost)
              runs.run({.first = First::login_live,
                        .acts = {a, b},
                        .order = order,
                        .attack = attack,
                        .attack_at = at,
                        .rolling = true,
                        .lost = lost});
  check("two, rolling, attacker, lost", runs.totals, 23'000);
}

TEST_CASE("requests that renew their cookie while time goes by") {
  OrderedRuns runs;
  const auto orders = orders_of(3);
  std::size_t next = 0;
  for (const bool led : {false, true})
    for (const int step : {3, 7, 12, 20, 29})
      for (const Act a : all_acts)
        for (const Act b : all_acts)
          for (const Act c : all_acts)
            for (const auto& order : orders)
              if (next++ % stride(401) == 0)
                runs.run({.first = First::login_live,
                          .acts = {a, b, c},
                          .order = order,
                          .rolling = true,
                          .step_seconds = step,
                          .led = led});
  check("three, rolling, time", runs.totals, 21'000);
}

TEST_CASE("two requests that renew their cookie while time goes by, and an attacker") {
  OrderedRuns runs;
  const auto orders = orders_of(2);
  for (const bool led : {false, true})
    for (const int step : {3, 7, 12, 20, 29})
      for (const Act a : all_acts)
        for (const Act b : all_acts)
          for (const auto& order : orders)
            for (const Attack attack : {Attack::none, Attack::read, Attack::write, Attack::login})
              for (std::size_t at = 0; at < order.size(); at += long_run() ? 1 : 3)
                runs.run({.first = First::login_live,
                          .acts = {a, b},
                          .order = order,
                          .attack = attack,
                          .attack_at = at,
                          .rolling = true,
                          .step_seconds = step,
                          .led = led});
  check("two, rolling, time, attacker", runs.totals, 100'000);
}

}  // namespace
}  // namespace sess::test
