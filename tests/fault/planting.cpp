#include "planting.hpp"

#include "documented_errors.hpp"
#include "format/header.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace sess::test {

namespace {

/// "open srv/store/shards/*": what a call has in common with those in other shards that hold nothing.
std::string kind_of(const LoggedCall& call, const std::vector<std::string>& shards) {
  std::string path = call.path;
  const std::string_view below = "shards/";
  const std::size_t at = path.find(below);
  if (at != std::string::npos && path.size() == at + below.size() + 2 &&
      std::ranges::find(shards, path.substr(at + below.size())) == shards.end())
    path.replace(at + below.size(), 2, "*");
  return std::string(to_string(call.call)) + " " + path;
}

/// How many calls of its kind have been made when this one is.
std::uint64_t number_among_its_kind(const std::vector<LoggedCall>& log, std::size_t number) {
  const Call kind = log[number - 1].call;
  return static_cast<std::uint64_t>(std::count_if(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(number),
                                                  [kind](const LoggedCall& call) { return call.call == kind; }));
}

Fault fault(std::optional<Call> call, std::uint64_t nth, int error, Repeat repeat, bool executed = false) {
  return {.call = call, .nth = nth, .error = error, .repeat = repeat, .path = {}, .executed = executed};
}

std::string_view words(Repeat repeat) { return repeat == Repeat::once ? "once" : "for good"; }

void add_short_transfers(std::vector<Plan>& plans, const Plan& base, std::uint64_t nth) {
  const LoggedCall& call = base.struck;
  if (call.call != Call::read && call.call != Call::write) return;
  constexpr std::int64_t header = static_cast<std::int64_t>(format::header_size);
  const std::vector<int> errors = call.call == Call::read ? std::vector{EIO} : std::vector{ENOSPC, EDQUOT, EIO};
  for (const std::int64_t bytes : std::set{std::int64_t{1}, header - 1, header, call.result - 1}) {
    if (bytes < 1 || bytes >= call.result) continue;
    const auto size = static_cast<std::uint64_t>(bytes);
    for (const Repeat repeat : {Repeat::once, Repeat::for_good}) {
      Plan plan = base;
      plan.transfers = {{call.call, nth, size, repeat}};
      plan.manner = std::to_string(bytes) + " bytes, " + std::string(words(repeat));
      plans.push_back(plan);
    }
    // What a full disk does: it takes what it has room for, and then nothing more.
    for (const int error : errors)
      for (const Repeat repeat : {Repeat::once, Repeat::for_good}) {
        Plan plan = base;
        plan.error = error;
        plan.transfers = {{call.call, nth, size, Repeat::once}};
        plan.faults = {fault(call.call, nth + 1, error, repeat)};
        plan.manner = std::to_string(bytes) + " bytes, then an error " + std::string(words(repeat));
        plans.push_back(plan);
      }
  }
}

}  // namespace

std::string to_string(const Plan& plan) {
  const char* name = plan.error == 0 ? nullptr : ::strerrorname_np(plan.error);
  return "call " + std::to_string(plan.number) + ", " + to_string(plan.struck) + ", " +
         (name != nullptr ? std::string(name) + ", " : std::string()) + plan.manner;
}

std::vector<std::size_t> visited_calls(const std::vector<LoggedCall>& log, const std::vector<std::string>& shards,
                                       bool all) {
  constexpr std::size_t beginning = 6;  // more than any call is repeated but where something is tried again and again
  constexpr std::size_t end = 2;
  std::map<std::string, std::vector<std::size_t>> by_kind;
  for (std::size_t number = 1; number <= log.size(); ++number)
    by_kind[kind_of(log[number - 1], shards)].push_back(number);
  std::vector<std::size_t> visited;
  for (const auto& [kind, numbers] : by_kind)
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (all || i < beginning || i + end >= numbers.size()) visited.push_back(numbers[i]);
  std::ranges::sort(visited);
  return visited;
}

std::vector<Plan> plans_for(const std::vector<LoggedCall>& log, std::size_t number) {
  Plan base;
  base.number = number;
  base.struck = log[number - 1];
  const Call call = base.struck.call;
  const std::uint64_t nth = number_among_its_kind(log, number);
  std::vector<Plan> plans;
  for (const int error : errors_of(base.struck))
    for (const Repeat repeat : {Repeat::once, Repeat::for_good}) {
      Plan plan = base;
      plan.error = error;
      plan.faults = {fault(call, nth, error, repeat)};
      plan.manner = words(repeat);
      plans.push_back(plan);
    }
  {
    Plan plan = base;
    plan.error = plan.next_error = EIO;
    plan.faults = {fault({}, number, EIO, Repeat::for_good)};
    plan.manner = "and so does every call from then on";
    plans.push_back(plan);
  }
  for (const int error : errors_after_the_effect_of(base.struck)) {
    Plan plan = base;
    plan.error = error;
    plan.may_have_effect = true;
    plan.faults = {fault(call, nth, error, Repeat::once, true)};
    plan.manner = "though it has its effect";
    plans.push_back(plan);
    // A connection that comes and goes: the look that is to find out what has become of the call fails as well.
    plan.next_error = error == ETIMEDOUT ? ETIMEDOUT : EIO;
    plan.faults.push_back(fault({}, number + 1, plan.next_error, Repeat::once));
    plan.manner = "though it has its effect, and the next call fails too";
    plans.push_back(plan);
  }
  add_short_transfers(plans, base, nth);
  return plans;
}

}  // namespace sess::test
