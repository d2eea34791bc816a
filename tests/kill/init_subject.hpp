// The making of a store, killed: what is left is either no store, and is made one by the next who tries, or a whole
// one.
#pragma once

#include "scene.hpp"
#include "subject.hpp"
#include "support/temporary_directory.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sess::test {

class InitSubject final : public Subject {
 public:
  /// What there is when it begins. Making a directory is quick, but on some file systems removing it is not.
  enum class From : std::uint8_t {
    nothing,
    directories,  // those of an earlier init, which was killed after it had made them
  };

  InitSubject(const std::string& below, From from, Breaking breaking = nullptr);

  const std::string& name() const override { return name_; }
  bool has_effect(Look) const override { return true; }
  void prepare() override;
  std::function<void()> ready() override;
  Finding look(Look look) override;

 private:
  std::shared_ptr<sys::System> system() const;

  From from_;
  std::string name_;
  TemporaryDirectory directory_;
  std::string path_ = directory_ / "parent/store";
  Breaking breaking_;
};

}  // namespace sess::test
