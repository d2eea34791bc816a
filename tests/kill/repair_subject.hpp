// The repair of a store, killed: what is left is finished by the next repair, and nothing damaged is lost.
#pragma once

#include "store_subject.hpp"

#include <functional>
#include <string>
#include <vector>

namespace sess::test {

class RepairSubject final : public StoreSubject {
 public:
  explicit RepairSubject(const std::string& below);

  void prepare() override;
  std::function<void()> ready() override;

 private:
  SessionRef first_look() const override { return recoverable_; }
  bool judge(const Store& store) const override;
  bool is_kept(const std::string& content) const;

  SessionKey recoverable_;
  SessionKey lost_;
  SessionKey late_;
  SessionKey listed_;
  std::vector<std::string> damaged_;  // the bytes of both
};

}  // namespace sess::test
