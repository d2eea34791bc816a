// Logouts: the sessions that a request ends (PROTOCOL.md, "Principals").
#include "store/endings.hpp"
#include "web/request_work.hpp"

namespace sess::web {

Status RequestSession::Work::end_all() {
  Endings endings;
  if (ends_others_ && choice_.owner()) {
    // The request's own comes last: who is told that not all have ended comes again with it.
    locked_.reset();
    const Status others = end_others({});
    if (!others.took_effect()) return others;
    endings = Endings(others);
    // A login that this request makes afterwards is not one of those that were under way.
    if (login_ && principal_ == choice_.owner())
      login_.emplace(store_.create({.kind = SessionKind::authenticated, .principal = principal_}));
  }
  // First the one that is locked, because nobody waits for a lock while holding another.
  if (locked_) endings.end([this] { return locked_->destroy(); });
  locked_.reset();
  for (const SessionId& id : choice_.named()) {
    if (id.kind() == SessionKind::anonymous) {
      // What an expired one goes on as, before the record that leads to it.
      endings.end([&]() -> Status {
        const auto successor = store_.successor(id);
        if (successor && !(*successor == id)) return store_.destroy(*successor);
        return successor.outcome() == Outcome::busy ? successor.status() : Status();
      });
    }
    endings.end([&] { return store_.destroy(id); });
  }
  return endings.answer();
}

Status RequestSession::Work::end_others(const std::optional<SessionId>& created) {
  // Of who was logged in when this request came, or has logged in by it.
  const std::optional<std::string>& whose = authenticate_ && !logout_ ? principal_ : choice_.owner();
  if (!whose) return {};
  std::optional<SessionKey> except;
  if (created) {
    except = created->key();
  } else if (choice_.current() && !choice_.superseded()) {
    except = choice_.current()->key();
  }
  const Status ended = store_.destroy_principal(*whose, except);
  // Somebody else may know the ID before; unless it is the only one that this client knows.
  if (ended.took_effect() && !choice_.was_led() && !retire_previous()) return Outcome::busy;
  return ended;
}

}  // namespace sess::web
