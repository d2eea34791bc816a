// What is done with a principal's sessions by a process which is killed: what is live is listed, and can be ended.
#pragma once

#include "store_subject.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sess::test {

class PrincipalsSubject final : public StoreSubject {
 public:
  enum class Kind : std::uint8_t {
    first_login,
    login,
    login_at_the_limit,
    refused_login,  // at the limit; nothing is to change
    regenerate,
    end_all,
    end_all_but_one,
    remake,  // a list that does not verify, nor its spare
    rebuild,
  };

  PrincipalsSubject(const std::string& below, Kind kind, CommitMethod method);

  bool has_effect(Look) const override { return kind_ != Kind::refused_login; }
  void prepare() override;
  std::function<void()> ready() override;

 private:
  SessionRef first_look() const override { return keys_.front(); }
  bool judge(const Store& store) const override;
  void perform(const Store& store) const;
  void spoil_list() const;

  Kind kind_;
  std::vector<SessionKey> keys_;  // of her sessions before; of a first login one that is nobody's
};

}  // namespace sess::test
