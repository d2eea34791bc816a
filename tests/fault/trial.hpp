// One run of an operation with one fault, and everything that is looked at afterwards.
#pragma once

#include "judgement.hpp"
#include "planting.hpp"
#include "prepared.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {

struct Thoroughness {
  bool sweeps = false;    // also where nothing has been left to sweep
  std::size_t disks = 0;  // at most so many are looked at after a power cut
};

class Trial {
 public:
  /// `breaking` may be null. Subject and plan must outlive this.
  Trial(const Prepared& prepared, const Plan& plan, const Breaking& breaking)
      : prepared_(prepared), plan_(plan), machine_(prepared.start(breaking)) {}

  void run(const Thoroughness& thoroughness);

  /// What is wrong, one line each.
  const std::vector<std::string>& objections() const { return objections_; }
  /// The operation did not answer what it answers without a fault.
  bool failed() const { return failed_; }
  /// After a power cut, looked at.
  std::size_t disks() const { return disks_; }

 private:
  const Subject& subject() const { return prepared_.subject; }
  void object(std::string objection);
  template <class Look>
  void look(const char* what, Look&& look);
  void plant();
  void perform();
  Permitted permitted() const;
  bool may_lose_lock() const;

  // While everything is as the operation has left it.
  void check_that_it_struck();
  void check_secret();
  void check_temporary_files();
  void check_that_all_are_known();
  void check_power_cut(std::size_t limit);
  void check_that_nothing_comes_back();
  void check_that_it_is_still_locked();
  // Then by using it.
  void check_sight(bool exactly);
  void check_again();
  void check_leaks();
  void check_that_it_goes_on();
  void check_leftovers(bool sweeps);

  const Prepared& prepared_;
  const Plan& plan_;
  std::unique_ptr<Machine> machine_;
  Ending ending_;
  Sight last_;
  std::vector<std::string> objections_;
  bool is_held_ = false;       // the session was locked before
  std::size_t temporary_ = 0;  // files that were there before
  bool failed_ = false;
  std::size_t disks_ = 0;
};

}  // namespace sess::test
