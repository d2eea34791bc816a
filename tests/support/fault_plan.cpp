#include "support/fault_plan.hpp"

#include <algorithm>

namespace sess::test {
namespace {

/// Counts a matching call; true if the rule applies to it.
template <typename Planted>
bool strikes(Planted& planted) {
  ++planted.seen;
  return planted.seen == planted.rule.nth ||
         (planted.rule.repeat == Repeat::for_good && planted.seen > planted.rule.nth);
}

}  // namespace

std::string to_string(const LoggedCall& call) {
  return std::string(to_string(call.call)) + "(" + call.path + ") = " + std::to_string(call.result);
}

void FaultPlan::clear() {
  faults_.clear();
  transfers_.clear();
}

FaultPlan::Verdict FaultPlan::verdict(Call call, const std::string& path) {
  Verdict verdict;
  if (!can_fail(call)) return verdict;
  for (auto& planted : faults_) {
    const Fault& fault = planted.rule;
    if (fault.call && *fault.call != call) continue;
    if (path.find(fault.path) == std::string::npos) continue;
    if (strikes(planted) && verdict.error == 0) verdict = {fault.error, fault.executed && call != Call::open};
  }
  return verdict;
}

std::uint64_t FaultPlan::allowed(Call call, std::uint64_t wanted) {
  std::uint64_t allowed = wanted;
  for (auto& planted : transfers_) {
    if (planted.rule.call == call && strikes(planted)) allowed = std::min(allowed, planted.rule.bytes);
  }
  return allowed;
}

}  // namespace sess::test
