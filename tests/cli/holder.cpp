#include "cli/holder.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace cli {

Holder::Holder(const std::string& store, const std::string& key, const char* command, std::optional<uid_t> user)
    : child_([&, command, user] {
        if (user && (::setresgid(*user, *user, *user) != 0 || ::setresuid(*user, *user, *user) != 0)) return;
        ::prctl(PR_SET_NAME, command);
        const auto session = sess::Store::open(store).lock(*sess::SessionKey::parse(key)).value();
        locked_.signal();
        never_.wait();
      }) {
  REQUIRE(locked_.wait());
}

}  // namespace cli
