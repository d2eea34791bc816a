// What has been begun and what has been promised in one schedule, and the judgement of each answer by it.
//
// Lives in shared memory and is written by whoever has the baton, before an operation begins and after it was answered:
// a killed process leaves what it had begun. A change of a session is a mark, a number that no other change has; a
// version of a session says which marks it holds (content.hpp). So for every version that anybody sees it is known
// which marks must be in it (acknowledged before the look began), and which must not (refused, or never begun).
#pragma once

#include <sess/result.hpp>
#include <sess/session_id.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plan.hpp"
#include "tally.hpp"

namespace sess::test {

inline constexpr unsigned most_marks = 64;
inline constexpr unsigned most_sessions = 32;
/// Who makes the sessions and looks at them at the end.
inline constexpr unsigned the_controller = most_actors;

using Marks = std::uint64_t;  // a bit for each

enum class Deed : std::uint8_t {
  none,
  update,
  merge,       // blind: it must not conflict
  merge_read,  // derived from what was read
  lock,
  snapshot,
  touch,
  destroy,
  create,
  sweep,
  look,  // the controller's
};

struct Clock {
  std::int64_t wall = 0;       // milliseconds since 1970-01-01 00:00 UTC
  std::int64_t monotonic = 0;  // milliseconds
};

struct Promised {
  SessionKey key;
  bool created = false;  // acknowledged
  unsigned destroys_begun = 0;
  bool destroyed = false;           // acknowledged
  std::int64_t lives_at_least = 0;  // until when, by what was acknowledged; wall clock
  std::int64_t lives_at_most = 0;   // until when, if nobody who may renew it is under way
  unsigned renewing = 0;            // who may
  Marks begun = 0;
  Marks acknowledged = 0;
  Marks refused = 0;
  Marks killed = 0;
  Marks forgotten = 0;  // lost with a record that was damaged on purpose
  Marks seen = 0;
  bool damaged = false;
  struct Version {
    std::uint64_t generation = 0;
    Marks marks = 0;
  };
  std::array<Version, 96> versions{};  // that anybody has seen
  unsigned version_count = 0;
};

/// An operation that has begun, and what was promised when it did.
struct Begun {
  Deed deed = Deed::none;
  unsigned session = 0;
  int mark = -1;
  bool renews = false;
  bool took_effect = false;
  Clock clock;
  std::int64_t lives_at_least = 0;
  Marks acknowledged = 0;
  bool destroyed = false;
  bool surely_expired = false;
};

/// What a version of a session says of itself.
struct Content {
  bool whole = false;
  Marks marks = 0;
};

class Ledger {
 public:
  void clear(const Plan& plan);
  void attach(Tally& tally) { tally_ = &tally; }

  /// The number of a session that is about to be made.
  unsigned add_session(const SessionKey& key);
  const Promised& session(unsigned number) const { return sessions_[number]; }
  unsigned session_count() const { return session_count_; }

  void begin(unsigned actor, Deed deed, unsigned session, bool renews, const Clock& clock);
  /// A change that the operation is about to make.
  unsigned begin_mark(unsigned actor);
  bool marks_are_left() const { return mark_count_ < most_marks; }
  /// A version that the operation was shown; generation 0: not known.
  void see(unsigned actor, std::uint64_t generation, const Content& content);
  /// An answer, right or wrong; ok does not acknowledge anything yet.
  void judge(unsigned actor, Outcome outcome, const Clock& clock);
  void acknowledge_mark(unsigned actor);
  void refuse_mark(unsigned actor);
  /// Ok of an operation that renews, in so far as it does: later by at most a tenth than what was asked for.
  void acknowledge_renewal(unsigned actor, bool exactly);
  void acknowledge_destroy(unsigned actor) { at(actor).destroyed = true; }
  void acknowledge_creation(unsigned actor) { at(actor).created = true; }
  void end(unsigned actor, const Clock& clock);
  /// The process has been killed.
  void kill(unsigned actor, const Clock& clock);
  /// The current version was damaged; what it held and its predecessor does not is lost.
  void forget(unsigned session, Marks marks);
  /// A record was moved aside: right if it was damaged and somebody was ending it, who was killed when its spare was
  /// gone.
  void quarantine(const SessionKey& key, const Clock& clock);

  const Begun& begun(unsigned actor) const { return begun_[actor]; }
  void fault(const std::string& what);
  bool failed() const { return fault_[0] != 0; }
  std::string fault() const { return fault_.data(); }

 private:
  Promised& at(unsigned actor) { return sessions_[begun_[actor].session]; }
  void judge_end(const Begun& begun, const Promised& session, Outcome outcome, const Clock& clock);
  void compare_versions(const Promised& session, std::uint64_t generation, Marks marks);
  std::string who(unsigned actor) const;

  Tally* tally_ = nullptr;
  std::int64_t idle_timeout_ = 0;
  std::int64_t lock_timeout_ = 0;
  bool places_are_limited_ = false;
  std::array<Promised, most_sessions> sessions_;
  unsigned session_count_ = 0;
  unsigned mark_count_ = 0;
  std::array<Begun, most_actors + 1> begun_;
  std::array<std::array<std::uint64_t, most_sessions>, most_actors + 1> newest_seen_{};  // generation
  std::array<char, 400> fault_{};
};

}  // namespace sess::test
