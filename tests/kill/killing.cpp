#include "killing.hpp"

#include "another_process.hpp"
#include "call_name.hpp"
#include "traced_process.hpp"

#include <exception>
#include <optional>
#include <utility>

namespace sess::test {

namespace {

constexpr char effect_letter = '+';
constexpr char no_effect_letter = '-';

Finding look_at(Subject& subject, Look look) {
  if (look == Look::reader) {
    try {
      return subject.look(look);
    } catch (const std::exception& error) {
      return {false, std::string("who looks is told: ") + error.what()};
    }
  }
  const std::string answer = ask_another_process([&] {
    const Finding finding = subject.look(look);
    return (finding.took_effect ? effect_letter : no_effect_letter) + finding.what_is_wrong;
  });
  if (answer.starts_with(effect_letter) || answer.starts_with(no_effect_letter))
    return {answer.front() == effect_letter, answer.substr(1)};
  return {false, answer};
}

const char* to_string(Look look) {
  switch (look) {
    case Look::reader:
      return "reader";
    case Look::locker:
      return "locker";
    case Look::sweeper:
      return "sweeper";
  }
  return "";
}

/// The runs of one operation with one look, from the first call to the last.
class Series {
 public:
  Series(Subject& subject, Look look, const Sampling& sampling) : subject_(subject), look_(look), sampling_(sampling) {}

  Tally run() {
    if (sampling_.skips_repetitions) find_repetitions();
    for (std::size_t call = 1; kill_at({call, Moment::entry}) && kill_at({call, Moment::exit}); call = next(call)) {
    }
    return std::move(tally_);
  }

 private:
  /// False if the operation came to its end first.
  bool kill_at(const KillPoint& point) {
    subject_.prepare();
    const TracedRun run = run_traced([this] { return subject_.ready(); }, point);
    subject_.settle();
    const Finding finding = look_at(subject_, look_);
    subject_.clean_up();
    if (run.killed) {
      where_ = "killed at the " + std::string(point.moment == Moment::entry ? "entry" : "exit") + " of " +
               name_of_call(run.calls.back()) + ", call " + std::to_string(point.call);
      ++tally_.kills;
      killed_calls_.emplace_back(point.call, run.calls.back());
    } else {
      where_ = "not killed";
      tally_.calls = run.calls.size();
      if (run.exit_status != 0) note("exit status " + std::to_string(run.exit_status));
      check_every_call_was_met(run.calls);
    }
    if (!finding.what_is_wrong.empty()) note(finding.what_is_wrong);
    check_effect(run.killed, finding.took_effect);
    return run.killed;
  }

  void find_repetitions() {
    subject_.prepare();
    const std::vector<long> calls = run_traced([this] { return subject_.ready(); }, std::nullopt).calls;
    subject_.settle();
    subject_.clean_up();
    repeats_.assign(calls.size(), false);
    for (std::size_t i = 1; i + 1 < calls.size(); ++i)
      repeats_[i] = calls[i] == calls[i - 1] && calls[i] == calls[i + 1];
  }

  std::size_t next(std::size_t call) const {
    call += sampling_.stride;
    while (call <= repeats_.size() && repeats_[call - 1]) ++call;
    return call;
  }

  /// An operation takes effect once: not before its first call, not later than its last, and never back.
  void check_effect(bool killed, bool took_effect) {
    if (!subject_.has_effect(look_)) return;
    if (killed && killed_calls_.size() == 1 && took_effect) note("it has taken effect before it began");
    if (took_effect_ && !took_effect) note("it had taken effect at an earlier call, and has not now");
    if (!killed && !took_effect) note("it has no effect");
    took_effect_ = took_effect;
  }

  /// Each run is another process: that they all make the same calls is what makes the enumeration complete.
  void check_every_call_was_met(const std::vector<long>& calls) {
    for (const auto& [call, number] : killed_calls_)
      if (call > calls.size() || calls[call - 1] != number)
        return note("call " + std::to_string(call) + " was " + name_of_call(number) +
                    " in another run: no run can be told to meet every call");
  }

  void note(const std::string& what) {
    tally_.wrong.push_back(subject_.name() + ", " + where_ + ", looked at by a " + to_string(look_) + ": " + what);
  }

  Subject& subject_;
  Look look_;
  Sampling sampling_;
  std::string where_;
  std::vector<std::pair<std::size_t, long>> killed_calls_;  // place and number
  std::vector<bool> repeats_;                               // by place: it stands between two of the same number
  bool took_effect_ = false;
  Tally tally_;
};

}  // namespace

Tally kill_everywhere(Subject& subject, std::span<const Look> looks, const Sampling& sampling) {
  Tally total;
  for (const Look look : looks) {
    const Tally tally = Series(subject, look, sampling).run();
    total.calls = tally.calls;
    total.kills += tally.kills;
    total.wrong.insert(total.wrong.end(), tally.wrong.begin(), tally.wrong.end());
  }
  return total;
}

}  // namespace sess::test
