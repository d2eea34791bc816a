// What top makes of changes and locks.
#include "../../../tools/sessctl/activity.hpp"

#include <doctest/doctest.h>

#include <string>

namespace sessctl {
namespace {

using Kind = sess::Change::Kind;

sess::SessionKey key(char digit) { return *sess::SessionKey::parse(std::string(40, digit)); }

std::string order(const Activity& activity, std::size_t most = 10) {
  std::string digits;
  for (const BusySession& session : activity.busiest(most)) digits += session.key[0];
  return digits;
}

}  // namespace

TEST_CASE("changes are counted by kind and by session, and the busiest come first") {
  Activity activity;
  for (int i = 0; i < 3; ++i) activity.add({.kind = Kind::committed, .key = key('b')});
  activity.add({.kind = Kind::created, .key = key('a')});
  activity.add({.kind = Kind::renewed, .key = key('a')});
  activity.add({.kind = Kind::ended, .key = key('c')});
  activity.add({.kind = Kind::lost});
  CHECK(activity.count(Kind::committed) == 3);
  CHECK(activity.count(Kind::created) == 1);
  CHECK(activity.count(Kind::expired) == 0);
  CHECK(activity.count(Kind::lost) == 1);
  CHECK(order(activity) == "bac");
  CHECK(order(activity, 2) == "ba");
  CHECK(activity.busiest(1).front().changes == 3);
}

TEST_CASE("who is waited for comes before who is locked, and who is locked before who is changed") {
  Activity activity;
  for (int i = 0; i < 9; ++i) activity.add({.kind = Kind::committed, .key = key('a')});
  sess::LockUses uses;
  uses.sessions.push_back({.key = key('b'), .holders = {{.process = 7, .command = "seven"}}, .others = {}});
  uses.sessions.push_back({.key = key('c'),
                           .holders = {{.process = 8, .command = "eight"}},
                           .others = {{.process = 9, .command = "nine"}, {.process = 10, .command = "ten"}}});
  uses.sessions.push_back({.key = key('d'), .holders = {}, .others = {{.process = 9, .command = "nine"}}});
  uses.hidden_processes = 3;
  uses.sees_all_processes = false;
  // Process 10 has just come: it may well be reading.
  sess::LockUses before;
  before.sessions.push_back({.key = key('c'), .holders = {}, .others = {{.process = 9, .command = "nine"}}});
  activity.take(before, uses);
  CHECK(activity.locked() == 2);
  CHECK(activity.waiters() == 1);
  CHECK(activity.hidden_processes() == 3);
  CHECK_FALSE(activity.sees_all_processes());
  CHECK(order(activity) == "cba");  // nobody has locked d: it is read
  CHECK(activity.busiest(1).front().holders.front().process == 8);
}

TEST_CASE("of sessions with the same the smaller key comes first, so that lines stay where they are") {
  Activity activity;
  sess::LockUses uses;
  for (const char digit : {'c', 'a', 'b', 'f', 'e', 'd'}) {
    activity.add({.kind = Kind::committed, .key = key(digit)});
    uses.sessions.push_back({.key = key(digit), .holders = {{.process = 7, .command = "seven"}}, .others = {}});
  }
  CHECK(order(activity) == "abcdef");
  activity.take(uses, uses);
  CHECK(order(activity) == "abcdef");
}

}  // namespace sessctl
