// A store of an operation's own, that is killed in it; and how it is looked at, whatever the operation is.
#pragma once

#include "subject.hpp"
#include "support/temporary_directory.hpp"
#include "timed_system.hpp"

#include <sess/sess.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sess::test {

inline constexpr std::int64_t an_hour = 3'600'000;  // milliseconds

/// What makes a Finding of what is wrong: throws.
void require(bool condition, const char* what);

/// The sessions that a listing shows; each of them verifies.
std::vector<SessionKey> live_sessions(const Store& store);

/// What a lock says that does not wait; nobody has it.
Outcome lock_now(const Store& store, const SessionRef& session);

class StoreSubject : public Subject {
 public:
  const std::string& name() const override { return name_; }
  bool has_effect(Look) const override { return true; }
  Finding look(Look look) final;

 protected:
  StoreSubject(const std::string& below, std::string name, StoreOptions options);

  /// At a time so many milliseconds after the beginning.
  Store open(std::int64_t later, Chance chance = Chance::real) const;
  const std::string& path() const { return path_; }
  /// No session, no principal, nothing in quarantine.
  void clear() const;
  /// The one whose lock is taken first, by who looks with a lock.
  virtual SessionRef first_look() const = 0;
  /// True if the operation has had its effect. Throws what is wrong; may use up what is there.
  virtual bool judge(const Store& store) const = 0;

 private:
  std::string name_;
  StoreOptions options_;
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "store";
  std::int64_t start_;
};

}  // namespace sess::test
