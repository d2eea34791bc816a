#include "tally.hpp"

namespace sess::test {

namespace {

constexpr std::array<const char*, counts> names = {
    "schedules",       "calls",
    "kills",           "kills in operations",
    "killed and done", "killed and undone",
    "commits",         "snapshots",
    "touches",         "creations",
    "destroys",        "rolled back",
    "conflicts",       "busy",
    "not renewed",     "gone",
    "expired",         "sweeps",
    "busy sweeps",     "swept",
    "in use",          "leftovers removed",
    "spares removed",  "exchanges",
    "plain renames",   "damages",
    "recoveries",      "clock steps",
};

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  for (std::size_t i = 0; i < counts; ++i) of[i] += other.of[i];
  return *this;
}

std::string to_string(const Tally& tally) {
  std::string text;
  for (std::size_t i = 0; i < counts; ++i)
    text += (i == 0 ? "" : ", ") + std::string(names[i]) + " " + std::to_string(tally.of[i]);
  return text;
}

}  // namespace sess::test
