// A subject that is ready to be run again and again.
#pragma once

#include "subject.hpp"
#include "support/disk_image.hpp"
#include "support/fault_plan.hpp"

#include <memory>
#include <vector>

namespace sess::test {

/// What there is to start from, and what a run without a fault makes of it.
struct Prepared {
  /// The subject must outlive this.
  explicit Prepared(const Subject& wanted);

  /// A machine that is ready for the operation. `breaking` may be null.
  std::unique_ptr<Machine> start(const Breaking& breaking) const;

  const Subject& subject;
  DiskImage image;
  std::vector<KnownSession> keys;
  Sight old;  // before the operation
  Sight fresh;
  Answer answer;
  std::vector<LoggedCall> log;  // of the operation
};

}  // namespace sess::test
