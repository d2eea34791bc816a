#include "demo/replay/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace demo {

namespace {

struct Row {
  const char* name;
  std::uint64_t Counts::*count;
};

constexpr std::array<Row, 8> rows = {{
    {"replays", &Counts::replays},
    {"requests", &Counts::requests},
    {"lost updates", &Counts::lost_updates},
    {"wrong logouts", &Counts::wrong_logouts},
    {"wrong captcha answers", &Counts::wrong_captchas},
    {"resurrections", &Counts::resurrections},
    {"wrong data", &Counts::wrong_data},
    {"errors", &Counts::errors},
}};

}  // namespace

void print_table(const std::vector<Target>& targets, const std::vector<Outcome>& outcomes) {
  const auto head = [](const Target& target) { return target.keeper + " " + target.channel(); };
  std::vector<std::size_t> widths;
  for (const Target& target : targets) widths.push_back(std::max<std::size_t>(17, head(target).size() + 2));
  fmt::print("\n{:<44}", "");
  for (std::size_t column = 0; column < targets.size(); ++column)
    fmt::print("{:>{}}", head(targets[column]), widths[column]);
  fmt::print("\n");
  for (const Outcome& outcome : outcomes) {
    fmt::print("{}\n", outcome.title);
    for (const Row& row : rows) {
      // The last two are not what a timeline is about; a line of zeros for them says nothing.
      const bool none = std::all_of(outcome.by_target.begin(), outcome.by_target.end(),
                                    [&row](const Counts& counts) { return counts.*row.count == 0; });
      if (none && (row.count == &Counts::wrong_data || row.count == &Counts::errors)) continue;
      fmt::print("    {:<40}", row.name);
      for (std::size_t column = 0; column < targets.size(); ++column)
        fmt::print("{:>{}}", outcome.by_target[column].*row.count, widths[column]);
      fmt::print("\n");
    }
  }
  fmt::print(
      "\nlost updates: changes that were confirmed and are not there. wrong logouts: logged in, and not logged in any "
      "more.\n"
      "resurrections: a session that somebody can use after its logout. Replays that ended with another user's data, a "
      "dead\n"
      "session's data, or an answer that does not belong to the story would have lines of their own.\n");
}

void print_orders(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    fmt::print("\n{:<82}{:>8}{:>8}{:>8}\n", "every order of " + outcome.title, "replays", "naive", "libsess");
    for (const auto& [order, by_keeper] : outcome.by_order) {
      std::uint64_t replays = 0;
      for (const auto& [keeper, counts] : by_keeper) replays += counts.replays;
      const auto faults = [&by_keeper = by_keeper](const char* keeper) {
        const auto found = by_keeper.find(keeper);
        return found == by_keeper.end() ? std::string("-") : std::to_string(found->second.faults());
      };
      fmt::print("  {:<80}{:>8}{:>8}{:>8}\n", order, replays, faults("naive"), faults("libsess"));
    }
  }
}

}  // namespace demo
