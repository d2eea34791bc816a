// An ID that is replaced by a process which is killed: the old state or the new one, whoever looks, and what is told to
// nobody expires.
#pragma once

#include "store_subject.hpp"

#include <sess/sess.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sess::test {

class ReplacedIdSubject final : public StoreSubject {
 public:
  enum class Kind : std::uint8_t {
    supersede,
    regenerate,
    regenerate_leading,
    succeed_expired,
    succeed_swept,
    join,    // the successor that there is
    logout,  // with the first of three IDs
  };

  ReplacedIdSubject(const std::string& below, Kind kind, CommitMethod method, bool sealed = false);

  void prepare() override;
  std::function<void()> ready() override;

 private:
  void perform(const Store& store) const;
  SessionRef first_look() const override { return ids_.front(); }
  bool judge(const Store& store) const override;
  bool judge_replaced(const Store& store) const;
  bool judge_succeeded(const Store& store) const;
  bool judge_joined(const Store& store) const;
  bool judge_logout(const Store& store) const;
  /// All sessions that are live are sealed if they are to be, and only then.
  bool are_sealed_as_asked(const Store& store) const;

  Kind kind_;
  bool sealed_;
  std::vector<SessionId> ids_;  // of one session, the first is the oldest
};

}  // namespace sess::test
