// A store that tells its events.
#pragma once

#include "support/events.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <string>
#include <utility>

namespace sess::test {

/// A world's store, and what it tells.
struct Listening {
  explicit Listening(StoreWorld& world, StoreOptions options = {}) : store(open(world, std::move(options), told)) {}
  static Store open(StoreWorld& world, StoreOptions options, ToldEvents& told) {
    options.on_event = told.listener();
    return world.open(std::move(options));
  }

  ToldEvents told;
  Store store;
};

/// A session of this principal.
inline SessionId logged_in(const Store& store, const std::string& principal) {
  return make_session(store, {{"user", principal}}, {.kind = SessionKind::authenticated, .principal = principal});
}

}  // namespace sess::test
