// Whether what an operation has answered, and what is to be seen afterwards, is as the library promises.
#pragma once

#include "planting.hpp"
#include "subject.hpp"

#include <exception>
#include <optional>
#include <string>

namespace sess::test {

/// How an operation has ended: with an answer, or with an exception.
struct Ending {
  std::optional<Answer> answer = {};
  std::exception_ptr thrown = nullptr;

  /// It says that it has done what it was asked to.
  bool is_ok(const Answer& healthy) const { return answer && answer->outcome == healthy.outcome; }
  bool took_effect(const Answer& healthy) const {
    return is_ok(healthy) || (answer && answer->outcome == Outcome::durability_unknown);
  }
};

/// Empty, or why this ending is none that is documented for such a fault. `healthy` is the answer without a fault.
std::string objection_to(const Ending& ending, const Plan& plan, const Subject& subject, const Answer& healthy);

/// What may be seen after an operation.
enum class Permitted : std::uint8_t {
  old,           // only what was there before
  fresh,         // only what a run without a fault leaves
  either,        // one of the two
  each_its_own,  // of each session one of the two
};

/// `exactly`: generations and deadlines too.
std::string objection_to(const Sight& found, const Sight& old, const Sight& fresh, Permitted permitted, bool exactly);
/// The look itself moves aside what cannot be recovered: then as much is there as after a run without a fault.
std::string objection_to_quarantine(const Sight& found, const Sight& fresh);

}  // namespace sess::test
