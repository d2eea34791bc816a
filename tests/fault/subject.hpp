// A public operation that is to meet faults, and the store in which it does.
#pragma once

#include "machine.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {

/// What an operation has answered, unless it has thrown.
struct Answer {
  Outcome outcome = Outcome::ok;
  /// It says itself that not everything was done: what it says so of may be as it was.
  bool admits_errors = false;
  /// Empty, or why what it has handed out is not right.
  std::string wrong = {};
};

struct Subject {
  std::string name;
  std::function<Answer(Machine&)> run;
  Setting setting = {};
  /// Before the faults, and in each run: what the operation finds open or locked.
  std::function<void(Machine&)> ready = nullptr;
  /// It opens the store itself, or makes it.
  bool opens_store = false;
  /// It needs the shards that hold nothing too. Most operations do not, and are run a few times faster without them.
  bool needs_all_shards = false;
  /// ok stands for a power cut too, and whatever is answered the cut leaves the old version or the new one.
  bool durable = false;
  /// What it finds is not on disk yet, so that a cut leaves what it promises only after ok.
  bool finds_unsynced = false;
  /// It changes several things, one after the other; what was cut short is done to the end by who does it again.
  bool has_steps = false;
  /// It makes a session in another one's place. Where it fails and cannot even remove that, nobody knows its ID.
  bool makes_another = false;
  /// Where it fails, what is to be moved to quarantine may be there or still where it was.
  bool may_quarantine = false;
  /// After ok no file of a session holds what the versions before it held.
  bool scrubs = false;
  /// What it may answer when it is run once more after it has thrown and yet had its effect.
  Outcome again = Outcome::ok;
};

std::vector<Subject> first_commits();
std::vector<Subject> commits();
std::vector<Subject> commits_by_rename();
std::vector<Subject> reads_and_renewals();
std::vector<Subject> ends();
std::vector<Subject> replaced_ids();
std::vector<Subject> principals();
std::vector<Subject> repairs();
std::vector<Subject> sweeps();
std::vector<Subject> listings();
std::vector<Subject> stores();

}  // namespace sess::test
