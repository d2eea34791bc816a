// Which actor goes next: the strategies of the explorer, without threads.
//
// EveryOrder walks the tree of choices depth-first by running it again and again: each run follows the choices made
// so far, then takes the first candidate at every new point; the next run changes the last choice that has a
// candidate left. It needs no more memory than one run is long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "support/system_call.hpp"

namespace sess::test {

/// An actor that could go next.
struct Candidate {
  std::size_t actor = 0;
  Call call = Call::step;
  bool exclusive = false;  // open with create_exclusive
  Footprint footprint;     // filled only for a chooser that reduces
};

class Chooser {
 public:
  Chooser() = default;
  Chooser(const Chooser&) = delete;
  Chooser& operator=(const Chooser&) = delete;
  virtual ~Chooser() = default;

  /// Picks an actor. The first candidate is the actor that went last, if it can go on (`may_continue`). Nothing:
  /// this run shows nothing new, and is abandoned.
  virtual std::optional<std::size_t> choose(const std::vector<Candidate>& candidates, bool may_continue) = 0;
  /// Prepares the next run; false if there is none.
  virtual bool next() = 0;
  virtual bool reduces() const { return false; }
};

/// Every order, or every order with at most so many preemptions (switches away from an actor that could go on).
///
/// With `reduce`, orders that differ only in calls that commute are run once (sleep sets, Godefroid 1996): after the
/// orders that start with call t have been run, t need not come next in the sibling orders until something that
/// depends on it has been executed. Sound for a check that looks at each actor's own results and at the final state.
/// Not sound for one that looks at which actor was faster, unless ScheduledSystem::step marks those moments, and not
/// with faults that are counted over all actors.
class EveryOrder final : public Chooser {
 public:
  EveryOrder(std::optional<unsigned> most_preemptions, bool reduce);
  std::optional<std::size_t> choose(const std::vector<Candidate>& candidates, bool may_continue) override;
  bool next() override;
  bool reduces() const override { return reduce_; }

 private:
  struct Point {
    std::vector<Candidate> candidates;
    std::size_t taken = 0;            // index of a candidate
    std::vector<std::size_t> asleep;  // actors that need not go next here
    unsigned preemptions = 0;         // before this point
    bool may_continue = false;
  };
  static bool is_asleep(const Point& point, std::size_t actor);
  std::vector<std::size_t> asleep_after(const Point& point) const;

  std::optional<unsigned> most_preemptions_;
  bool reduce_;
  std::vector<Point> path_;
  std::size_t depth_ = 0;
};

/// Draws each choice.
class RandomOrder final : public Chooser {
 public:
  RandomOrder(std::uint64_t seed, std::uint64_t runs) : seed_(seed), runs_(runs), state_(seed) {}
  std::optional<std::size_t> choose(const std::vector<Candidate>& candidates, bool may_continue) override;
  bool next() override;

 private:
  std::uint64_t seed_;
  std::uint64_t runs_;
  std::uint64_t run_ = 1;
  std::uint64_t state_;
};

/// One run along a list of actors; beyond its end, the first candidate each time.
class GivenOrder final : public Chooser {
 public:
  explicit GivenOrder(std::vector<std::size_t> actors) : actors_(std::move(actors)) {}
  std::optional<std::size_t> choose(const std::vector<Candidate>& candidates, bool may_continue) override;
  bool next() override { return false; }

 private:
  std::vector<std::size_t> actors_;
  std::size_t depth_ = 0;
};

}  // namespace sess::test
