// An ID that is replaced by a process which is killed: the old state or the new one, whoever looks, and what is told to
// nobody expires.
#pragma once

#include "subject.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sess::test {

class ReplacedIdSubject final : public Subject {
 public:
  enum class Kind : std::uint8_t {
    supersede,
    regenerate,
    succeed_expired,
    succeed_swept,
    join,    // the successor that there is
    logout,  // with the first of three IDs
  };

  ReplacedIdSubject(const std::string& below, Kind kind, CommitMethod method);

  const std::string& name() const override { return name_; }
  bool has_effect(Look) const override { return true; }
  void prepare() override;
  std::function<void()> ready() override;
  Finding look(Look look) override;

 private:
  Store open(std::int64_t later) const;
  void perform(const Store& store) const;
  bool judge(const Store& store) const;
  bool judge_replaced(const Store& store) const;
  bool judge_succeeded(const Store& store) const;
  bool judge_joined(const Store& store) const;
  bool judge_logout(const Store& store) const;

  std::string name_;
  Kind kind_;
  CommitMethod method_;
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "store";
  std::int64_t start_;
  std::vector<SessionId> ids_;  // of one session, the first is the oldest
};

}  // namespace sess::test
