// A holder that forks a child which lives on, and commits; killed.
#pragma once

#include "session_operation.hpp"

#include <memory>

namespace sess::test {

class ForkedHolder final : public SessionSubject {
 public:
  explicit ForkedHolder(Scene& scene);
  ~ForkedHolder() override;

  void prepare() override;
  /// The child, if there is one, is past its fork then, and lives until clean_up.
  void settle() override;
  void clean_up() override;

 private:
  struct Pipes;
  ForkedHolder(Scene& scene, std::shared_ptr<Pipes> pipes);

  std::shared_ptr<Pipes> pipes_;
};

}  // namespace sess::test
