// The operations on a session that are killed at every system call.
#pragma once

#include "scene.hpp"
#include "sight.hpp"
#include "subject.hpp"

#include <sess/sess.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {

struct SessionOperation {
  std::string name;
  /// Makes what it works on, in an empty scene, and says what may be found of that afterwards.
  std::function<Expected(Scene&)> prepare;
  /// By the process that is killed, with a handle that it has opened before.
  std::function<void(const Store&, Scene&)> perform;
  StoreOptions options = {};  // of that handle
  Pace pace = Pace::real;
  std::function<void()> clean_up = [] {};
  std::size_t stride = 1;  // one call of so many is enough: it does the same things hundreds of times
};

class SessionSubject : public Subject {
 public:
  /// The scene must outlive it.
  SessionSubject(Scene& scene, SessionOperation operation);

  const std::string& name() const override { return operation_.name; }
  bool has_effect(Look look) const override;
  void prepare() override;
  std::function<void()> ready() override;
  Finding look(Look look) override;
  void clean_up() override { operation_.clean_up(); }

 private:
  Scene& scene_;
  SessionOperation operation_;
  Expected expected_;
};

// What the operations work on.

/// The values of the n-th version of a session.
Values version(int number, std::size_t padding = 100);
/// A session of so many versions, each of which was a commit; the last is current.
Expected make_versions(Scene& scene, const std::vector<Values>& versions, bool in_first_shard = false,
                       bool sealed = false);
/// What an operation that changes nothing leaves.
Expected unchanged(Expected expected);
/// What a commit of these values, now, leaves.
Expected changed(Expected expected, const Scene& scene, Values values);
/// What the end of the session leaves.
Expected gone(Expected expected);

// The table.

std::vector<SessionOperation> creations();
std::vector<SessionOperation> commits();
std::vector<SessionOperation> renewals_and_reads();
std::vector<SessionOperation> ends();
std::vector<SessionOperation> repairs();
std::vector<SessionOperation> sweeps();

/// The one of this name.
SessionOperation operation_called(std::string_view name);

}  // namespace sess::test
