// What doctor says of one thing that it has tried or looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

struct Diagnosis {
  enum class Severity : std::uint8_t {
    good,
    note,     // worth to be known
    warning,  // sessions may be lost, or the store may fill up, one day
    problem,  // a promise of the store does not hold here, or it cannot be used
  };
  std::string_view subject;  // one word, of a constant
  Severity severity = Severity::good;
  std::string what;
  std::string advice = {};  // what to change; empty where there is nothing
};

std::string_view to_string(Diagnosis::Severity severity) noexcept;

using Diagnoses = std::vector<Diagnosis>;

}  // namespace sessctl
