// Requests of one browser in a given order: the machine of every_order_test.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "web/order_totals.hpp"

namespace sess::test {

/// What the browser's cookie names when all begins.
enum class First : std::uint8_t {
  none,
  anonymous_live,
  anonymous_expired,
  anonymous_swept,
  anonymous_superseded,
  anonymous_destroyed,
  login_live,
  login_expired,
  login_swept,
  login_superseded,
  login_destroyed,
};
inline constexpr std::array all_firsts{First::none,
                                       First::anonymous_live,
                                       First::anonymous_expired,
                                       First::anonymous_swept,
                                       First::anonymous_superseded,
                                       First::anonymous_destroyed,
                                       First::login_live,
                                       First::login_expired,
                                       First::login_swept,
                                       First::login_superseded,
                                       First::login_destroyed};

enum class Act : std::uint8_t {
  read,
  write,
  login,
  regenerate,
  logout,
  logout_everywhere,
  logout_others,
  regenerate_alone,  // a new ID, and the end of all others
};
inline constexpr std::array all_acts{Act::read,          Act::write,           Act::login,
                                     Act::regenerate,    Act::logout,          Act::logout_everywhere,
                                     Act::logout_others, Act::regenerate_alone};

/// What somebody does who has the browser's first cookies and no others.
enum class Attack : std::uint8_t { none, read, write, login, logout };

struct Case {
  First first = First::none;
  std::vector<Act> acts = {};
  std::vector<std::size_t> order = {};  // of steps, by request: start, finish, answer
  Attack attack = Attack::none;
  std::size_t attack_at = 0;  // before this step
  bool one_cookie = false;    // as stores do that have but one
  bool rolling = false;       // each request renews its cookie (SessionCookieOptions::renewal_interval)
  std::size_t lost = 0;       // of these requests (bit by bit) the answers are lost
  bool keeps_id = false;      // as stores do that give a login no new ID: who has the first cookies has it as well
  int step_seconds = 0;       // go by before each step; an answer that is older than the grace time by then is lost
  bool led = false;           // a new ID was sent and lost before all this
};

class OrderedWorld;

/// Runs cases, in a fresh world now and then, and tells of the first violations.
class OrderedRuns {
 public:
  OrderedRuns();
  OrderedRuns(const OrderedRuns&) = delete;
  OrderedRuns& operator=(const OrderedRuns&) = delete;
  ~OrderedRuns();

  void run(const Case& to_run);
  Totals totals;

 private:
  std::unique_ptr<OrderedWorld> world_;
  int told_ = 0;
};

}  // namespace sess::test
