// The rotation of a keyring, killed: the old keyring or the new one, and every ID of the old secret is accepted.
#pragma once

#include "subject.hpp"
#include "support/temporary_directory.hpp"

#include <functional>
#include <string>

namespace sess::test {

class RotationSubject final : public Subject {
 public:
  explicit RotationSubject(const std::string& below);

  const std::string& name() const override { return name_; }
  bool has_effect(Look) const override { return true; }
  void prepare() override;
  std::function<void()> ready() override;
  Finding look(Look look) override;

 private:
  std::string name_ = "rotation of the keyring";
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "store";
  std::string keys_;  // as they were made
  std::string id_;    // of the first secret
};

}  // namespace sess::test
