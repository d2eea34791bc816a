// The end of several sessions: each is tried, whatever becomes of the others.
#pragma once

#include <sess/result.hpp>

#include <exception>

namespace sess {

class Endings {
 public:
  explicit Endings(const Status& so_far = {}) : worst_(so_far) {}

  /// `destroy` answers the Status of one end.
  template <class Destroy>
  void end(const Destroy& destroy) {
    try {
      const Status status = destroy();
      if (status == Outcome::busy || (status == Outcome::durability_unknown && worst_.ok())) worst_ = status;
    } catch (...) {
      // The first failure is the one to tell.
      if (!failure_) failure_ = std::current_exception();
    }
  }
  /// ok, durability_unknown or busy; throws what the first has thrown that could not be ended.
  Status answer() const {
    if (failure_) std::rethrow_exception(failure_);
    return worst_;
  }

 private:
  Status worst_;
  std::exception_ptr failure_;
};

}  // namespace sess
