#include "support/controller.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace sess::test {
namespace {

constexpr std::chrono::minutes hang_limit{2};
constexpr unsigned most_dead_calls = 1000;

// Which actor the thread is. An address, so that threads of two controllers never meet.
thread_local Controller::Actor* this_actor = nullptr;

bool made_by_destructors(Call call) {
  return call == Call::close || call == Call::unlock || call == Call::unlink || call == Call::truncate;
}

std::string line(const RunResult::Made& made, const std::string& name) {
  std::string text = name + ": " + to_string(made.call);
  if (made.call.call != Call::step && made.call.call != Call::pause) text += " = " + std::to_string(made.result);
  return text;
}

}  // namespace

struct Controller::Actor {
  enum class State : std::uint8_t { running, ready, paused, woken, finished };

  std::size_t index = 0;
  Controller* controller = nullptr;
  ActorBody body;
  State state = State::finished;
  PendingCall pending;
  std::chrono::nanoseconds wake_at{0};
  std::uint64_t calls = 0;
  bool killed = false;
  bool unwound = false;
  unsigned dead_calls = 0;
  std::uint64_t random_state = 0;
  std::binary_semaphore go{0};
  std::thread thread;
};

std::vector<std::string> RunResult::calls() const {
  std::vector<std::string> lines;
  for (const Made& one : made) lines.push_back(line(one, names[one.actor]));
  return lines;
}

Controller::Controller() = default;

Controller::~Controller() {
  stopping_ = true;
  for (const auto& actor : actors_) {
    actor->go.release();
    actor->thread.join();
  }
}

RunResult Controller::run(const std::vector<ActorBody>& bodies, sys::System& system, Chooser& chooser,
                          const RunSettings& settings, const std::function<void(Actor&)>& at_exit) {
  active_ = bodies.size();
  system_ = &system;
  footprints_ = chooser.reduces() ? dynamic_cast<FootprintSource*>(&system) : nullptr;
  if (chooser.reduces() && footprints_ == nullptr) {
    throw std::invalid_argument("orders can be reduced only over a system that tells footprints");
  }
  chooser_ = &chooser;
  settings_ = settings;
  at_exit_ = &at_exit;
  result_ = {};
  chooser_error_ = nullptr;
  abandoned_ = false;
  last_.reset();
  idle_ = 0;
  ended_ = false;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (i == actors_.size()) {
      actors_.push_back(std::make_unique<Actor>());
      Actor& added = *actors_.back();
      added.index = i;
      added.controller = this;
      added.thread = std::thread([this, &added] { thread_main(added); });
    }
    Actor& actor = *actors_[i];
    actor.body = bodies[i];
    actor.state = Actor::State::woken;  // runs to its first call before any choice is made
    actor.calls = 0;
    actor.killed = actor.unwound = false;
    actor.dead_calls = 0;
    actor.random_state = mixed(0x5e55, i);
    result_.names.push_back(bodies[i].name);
  }
  give(pick());
  wait_for_end();
  // What the actors captured must not outlive the caller's world.
  for (const auto& actor : actors_) actor->body = {};
  if (chooser_error_) std::rethrow_exception(chooser_error_);
  return std::move(result_);
}

void Controller::wait_for_end() {
  std::unique_lock lock(end_mutex_);
  if (end_.wait_for(lock, hang_limit, [this] { return ended_; })) return;
  std::fprintf(stderr,
               "the actors make no progress: one waits for another by other means than calls; the last calls:\n");
  const std::vector<std::string> calls = result_.calls();
  for (std::size_t i = calls.size() < 200 ? 0 : calls.size() - 200; i < calls.size(); ++i) {
    std::fprintf(stderr, "  %s\n", calls[i].c_str());
  }
  std::abort();
}

void Controller::thread_main(Actor& actor) {
  this_actor = &actor;
  for (;;) {
    actor.go.acquire();
    if (stopping_) return;
    run_body(actor);
    actor.state = Actor::State::finished;
    give(pick());
  }
}

void Controller::run_body(Actor& actor) {
  std::optional<std::string> error;
  try {
    actor.body.run();
  } catch (const ActorKilled&) {
  } catch (const std::exception& exception) {
    error = actor.body.name + " threw: " + exception.what();
  } catch (...) {
    error = actor.body.name + " threw something that is not a std::exception";
  }
  if (!alive(actor)) {
    (*at_exit_)(actor);
  } else if (error && !result_.error) {
    result_.error = error;
  }
}

Controller::Actor* Controller::current() {
  return this_actor != nullptr && this_actor->controller == this ? this_actor : nullptr;
}

std::size_t Controller::index(const Actor& actor) { return actor.index; }
std::uint64_t& Controller::random_state(Actor& actor) { return actor.random_state; }
bool Controller::alive(const Actor& actor) const { return !actor.killed && !abandoned_; }

bool Controller::dead(Actor& actor, Call call) {
  actor.killed = true;
  ++actor.dead_calls;
  if (std::uncaught_exceptions() > 0) return false;
  // Once, and not where a destructor may stand; again, and from anywhere, only to end a loop of who goes on regardless.
  const bool first = !actor.unwound && !made_by_destructors(call);
  if (first || actor.dead_calls > most_dead_calls) {
    actor.unwound = true;
    throw ActorKilled{};
  }
  return false;
}

bool Controller::arrive(Actor& actor, PendingCall call) {
  const Call kind = call.call;
  if (!alive(actor)) return dead(actor, kind);
  if (kind != Call::step && kind != Call::pause) ++actor.calls;
  if (settings_.kill && settings_.kill->actor == actor.index && settings_.kill->before_call == actor.calls) {
    result_.killed = true;
    return dead(actor, kind);
  }
  actor.pending = std::move(call);
  actor.state = Actor::State::ready;
  hand_over(actor);
  return abandoned_ ? dead(actor, kind) : true;
}

bool Controller::arrive_at_exit(Actor& actor, PendingCall call) {
  if (abandoned_) return false;
  actor.pending = std::move(call);
  actor.state = Actor::State::ready;
  hand_over(actor);
  return !abandoned_;
}

void Controller::executed(Actor& actor, std::int64_t result, bool changed) {
  if (!result_.made.empty() && !abandoned_) result_.made.back().result = result;
  if (!changed) return;
  idle_ = 0;
  for (std::size_t i = 0; i < active_; ++i) {
    Actor& other = *actors_[i];
    if (&other != &actor && other.state == Actor::State::paused) other.state = Actor::State::woken;
  }
}

void Controller::pause(Actor& actor, std::chrono::nanoseconds duration) {
  // With the reduction it is a step, because its order against a change by others matters.
  if (chooser_->reduces() || !alive(actor)) {
    PendingCall call;
    call.call = Call::pause;
    if (!arrive(actor, std::move(call))) return;
  }
  actor.wake_at = system_->monotonic_clock() + duration;
  actor.state = Actor::State::paused;
  hand_over(actor);
  if (abandoned_) dead(actor, Call::pause);
}

void Controller::hand_over(Actor& actor) {
  Actor* next = pick();
  if (next == &actor) return;
  give(next);
  actor.go.acquire();
}

void Controller::give(Actor* next) {
  if (next != nullptr) {
    next->go.release();
    return;
  }
  const std::lock_guard guard(end_mutex_);
  ended_ = true;
  end_.notify_one();
}

void Controller::abandon() { abandoned_ = true; }

Controller::Actor* Controller::pick() {
  for (;;) {
    const auto of_state = [&](auto wanted) {
      const auto end = actors_.begin() + static_cast<std::ptrdiff_t>(active_);
      const auto found = std::find_if(actors_.begin(), end, wanted);
      return found == end ? nullptr : found->get();
    };
    // An abandoned run is unwound actor by actor; otherwise who was woken runs to its next call first.
    Actor* next = of_state([this](const auto& actor) {
      return abandoned_ ? actor->state != Actor::State::finished : actor->state == Actor::State::woken;
    });
    if (next == nullptr && !abandoned_) {
      next = pick_ready();
      if (next == nullptr && (abandoned_ || let_time_pass())) continue;
    }
    if (next != nullptr) next->state = Actor::State::running;
    return next;
  }
}

// A function of its own: g++ 12 at -O1 reads an uninitialized optional after `try { chosen = choose(); } catch (...)
// {}`.
std::optional<std::size_t> Controller::ask(const std::vector<Candidate>& candidates, bool may_continue) {
  try {
    return chooser_->choose(candidates, may_continue);
  } catch (...) {
    chooser_error_ = std::current_exception();
    return std::nullopt;
  }
}

Controller::Actor* Controller::pick_ready() {
  std::vector<Candidate> candidates;
  bool may_continue = false;
  for (std::size_t i = 0; i < active_; ++i) {
    const Actor& actor = *actors_[i];
    if (actor.state != Actor::State::ready) continue;
    Candidate candidate{i, actor.pending.call, actor.pending.exclusive, {}};
    if (footprints_ != nullptr) candidate.footprint = footprints_->footprint(actor.pending);
    candidates.push_back(std::move(candidate));
    if (last_ != i) continue;
    may_continue = true;
    std::rotate(candidates.begin(), candidates.end() - 1, candidates.end());
  }
  if (candidates.empty()) return nullptr;
  if (result_.made.size() == settings_.most_calls) {
    result_.error = "the run does not end: " + std::to_string(settings_.most_calls) + " calls";
    abandon();
    return nullptr;
  }
  const std::optional<std::size_t> chosen = ask(candidates, may_continue);
  if (!chosen) {
    result_.abandoned = true;
    abandon();
    return nullptr;
  }
  last_ = chosen;
  Actor& actor = *actors_[*chosen];
  result_.choices.push_back(*chosen);
  result_.made.push_back({*chosen, actor.pending, 0});
  return &actor;
}

bool Controller::let_time_pass() {
  Actor* first = nullptr;
  for (std::size_t i = 0; i < active_; ++i) {
    Actor& actor = *actors_[i];
    if (actor.state != Actor::State::paused) continue;
    if (first == nullptr || actor.wake_at < first->wake_at) first = &actor;
  }
  if (first == nullptr) return false;
  const std::chrono::nanoseconds now = system_->monotonic_clock();
  std::chrono::nanoseconds duration = std::max(first->wake_at - now, std::chrono::nanoseconds(0));
  if (idle_ > 0)
    duration = std::max<std::chrono::nanoseconds>(duration, std::chrono::microseconds(1 << std::min(idle_, 30U)));
  ++idle_;
  system_->pause(duration);
  first->state = Actor::State::woken;
  return true;
}

}  // namespace sess::test
