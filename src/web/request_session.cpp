#include <sess/web/request_session.hpp>

#include "backend/events.hpp"
#include "store/core.hpp"
#include "web/own_values.hpp"
#include "web/request_work.hpp"

#include <sess/error.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace sess::web {

RequestSession::RequestSession(Store store, std::shared_ptr<const SessionCookies> cookies,
                               std::string_view cookie_header, std::string_view address_id)
    : work_(std::make_unique<Work>(std::move(store), std::move(cookies), cookie_header, address_id)) {}

RequestSession::~RequestSession() = default;

Status RequestSession::start(Mode mode) { return work_->start(mode); }

Editor& RequestSession::editor() { return work_->editor(); }

const std::optional<std::string>& RequestSession::principal() const noexcept { return work_->principal(); }

bool RequestSession::exists() const noexcept { return work_->exists(); }

bool RequestSession::superseded() const noexcept { return work_->superseded(); }

std::optional<SessionFacts> RequestSession::facts() const { return work_->facts(); }

std::optional<SessionKey> RequestSession::key() const { return work_->key(); }

bool RequestSession::from_address() const noexcept { return work_->from_address(); }

bool RequestSession::needs_cookies() const noexcept { return work_->needs_cookies(); }

void RequestSession::authenticate(std::string_view principal) { work_->authenticate(principal); }

void RequestSession::regenerate() { work_->regenerate(); }

void RequestSession::logout() { work_->logout(); }

void RequestSession::logout_everywhere() { work_->logout_everywhere(); }

void RequestSession::logout_others() { work_->logout_others(); }

void RequestSession::renew(bool renew) noexcept { work_->renew(renew); }

Finished RequestSession::finish() { return work_->finish(); }

std::string RequestSession::csrf_token() { return work_->csrf_token(); }

std::string RequestSession::csrf_field() { return work_->csrf_field(); }

bool RequestSession::check_csrf_token(std::string_view token) const { return work_->check_csrf_token(token); }

std::string RequestSession::link(std::string_view reference) { return work_->link(reference); }

std::string RequestSession::address_field() { return work_->address_field(); }

void RequestSession::complete(std::string& text) const { work_->complete(text); }

RequestSession::Work::Work(Store store, std::shared_ptr<const SessionCookies> cookies, std::string_view cookie_header,
                           std::string_view address_id)
    : store_(std::move(store)),
      cookies_(std::move(cookies)),
      choice_(store_, *cookies_, cookie_header, address_id),
      begun_(StoreAccess::system(store_).wall_clock()),
      exceptions_(std::uncaught_exceptions()) {}

RequestSession::Work::~Work() {
  if (!is_abandoned()) return;
  backend::tell(StoreAccess::events(store_), [this] {
    Event event{.kind = Event::Kind::abandoned};
    if (choice_.current()) event.key = choice_.current()->key();
    return event;
  });
}

/// An exception is seen by whoever catches it; a finish() that was forgotten, by nobody.
bool RequestSession::Work::is_abandoned() const noexcept {
  const bool decided = authenticate_ || regenerate_ || logout_ || ends_others_ || editor_->changed();
  return started_ && decided && !needs_cookies() && std::uncaught_exceptions() == exceptions_;
}

Status RequestSession::Work::reload(Mode mode) {
  if (mode == Mode::locked && !choice_.superseded()) {
    // Not renewed yet: whether this request renews is for the handler to say.
    auto session = store_.lock(*choice_.current(), {.timeout = std::nullopt, .renew = false});
    if (!session) return as_gone(session.status());
    locked_.emplace(*std::move(session));
    facts_ = locked_->facts();
  } else {
    auto snapshot = store_.snapshot(*choice_.current());
    if (!snapshot || (snapshot.outcome() == Outcome::superseded && !choice_.superseded()))
      return as_gone(snapshot.status());
    changes_.emplace(snapshot->edit());
    facts_ = snapshot->facts();
  }
  return Outcome::ok;
}

Status RequestSession::Work::start(Mode mode) {
  forget();
  mode_ = mode;
  if (const Status status = choice_.choose(); !status.ok()) return status;
  const auto just_read = choice_.take_snapshot();
  // What has just been read is good enough but for a lock.
  if (just_read && mode != Mode::locked) {
    changes_.emplace(just_read->edit());
    facts_ = just_read->facts();
  } else if (choice_.current()) {
    if (const Status status = reload(mode); !status.ok()) return status;
  }
  if (locked_) {
    editor_ = &*locked_;
  } else if (changes_) {
    editor_ = &*changes_;
  }
  own_ = own_values(editor_->values());
  principal_ = choice_.owner();
  started_ = true;
  return Outcome::ok;
}

/// Every change and every decision of this request.
void RequestSession::Work::forget() {
  started_ = false;
  work_on_nothing();
  changes_.reset();
  locked_.reset();
  facts_.reset();
  principal_.reset();
  authenticate_ = false;
  regenerate_ = false;
  logout_ = false;
  ends_others_ = false;
  login_.reset();
  renew_ = true;
  has_ended_ = false;
  continues_ = false;
  own_.clear();
  marks_ = Marks();
  form_id_.reset();
  texts_.reset();
}

void RequestSession::Work::work_on_nothing(Editor changes) {
  empty_ = std::move(changes);
  editor_ = &empty_;
  own_.clear();
}

void RequestSession::Work::require_started() const {
  if (!started_) throw UsageError("the session of this request is not started, or finished already");
}

void RequestSession::Work::require_writable(const char* what) const {
  require_started();
  if (mode_ == Mode::snapshot) throw UsageError(std::string(what) + ": this request only reads its session (snapshot)");
}

Editor& RequestSession::Work::editor() {
  require_started();
  return *editor_;
}

void RequestSession::Work::authenticate(std::string_view principal) {
  require_writable("authenticate");
  if (principal.empty()) throw UsageError("authenticate: the principal is empty");
  // Who reads it in another language would take it for the one before the zero.
  if (principal.find('\0') != principal.npos) throw UsageError("authenticate: the principal has a zero byte");
  const bool carried =
      choice_.current() && (choice_.current()->kind() == SessionKind::anonymous || choice_.owner() == principal);
  // Now, not at the end: if all sessions of this principal are ended from here on, so is this one. It takes the place
  // of the session that this request came with. A fault leaves the request as it was: nobody is taken for this
  // principal who will not be logged in.
  std::optional<std::string> named(principal);
  const auto& current = choice_.current();
  const auto replaces = current ? std::optional<SessionKey>(*current) : std::nullopt;
  Session login = store_.create({.kind = SessionKind::authenticated, .principal = named, .replaces = replaces});
  // A set like any other: a login that was decided by a value which has changed meanwhile is a conflict.
  if (editor_ != &empty_ && !carried) {
    // What this request has derived from somebody else's session goes with it.
    Editor nothing;
    nothing.set(principal_name, std::string(principal));
    work_on_nothing(std::move(nothing));
  } else {
    editor_->set(principal_name, std::string(principal));
  }
  principal_ = std::move(named);
  login_.emplace(std::move(login));
  authenticate_ = true;
}

void RequestSession::Work::regenerate() {
  require_writable("regenerate");
  if (exists() && choice_.current()->kind() == SessionKind::anonymous)
    throw UsageError("regenerate: the session is anonymous; authenticate() gives it a new ID");
  regenerate_ = true;
}

void RequestSession::Work::logout_everywhere() {
  logout();
  ends_others_ = true;
}

void RequestSession::Work::logout_others() {
  require_writable("log out others");
  ends_others_ = true;
}

void RequestSession::Work::logout() {
  require_writable("log out");
  work_on_nothing();
  ends_others_ = false;
  principal_.reset();
  authenticate_ = false;
  regenerate_ = false;
  logout_ = true;
}

Finished RequestSession::Work::finish() {
  require_started();
  if (editor_->changed()) require_writable("finish");
  if (needs_cookies()) throw UsageError("log in: the session's ID came in the address, and a login needs cookies");
  prepare_answer();
  started_ = false;
  std::optional<SessionId> created;
  // The end of sessions comes first: nothing that fails afterwards can undo it.
  Status ended = logout_ ? end_all() : Status();
  Status status = ended;
  if (ended.took_effect()) {
    if (authenticate_) {
      status = replace(created);
    } else if (ends_others_ && !logout_ && (choice_.superseded() || (choice_.was_led() && may_be_on_its_way(own_)))) {
      // It would end what the session has become, or the ID that is all that the client has.
      status = Outcome::superseded;
    } else if (regenerate_ && choice_.current() && !logout_) {
      status = replace_id(created, false);
    } else if (editor_ != &empty_) {
      const bool send_cookie = cookie_is_due();
      if (send_cookie && choice_.current()->kind() == SessionKind::authenticated && !choice_.was_led()) {
        status = roll(created);
      } else {
        const bool has_timeout = editor_->idle_timeout().has_value();
        status = commit();
        if (status.took_effect() && !superseded()) look_after(send_cookie, has_timeout, created);
      }
      // Its client does not know its ID yet; and has no use for it if it has ended meanwhile.
      if (choice_.is_successor() && status.took_effect() && !has_ended_) created = choice_.current();
    } else if (!empty_.values().empty()) {
      status = write_first(created);
    }
  }
  // A new session does not make good that the end of an old one may not be on disk.
  if (status.ok()) status = ended;
  // Before the answer goes out: its recipient may be the next to ask for this lock.
  editor_ = &empty_;
  locked_.reset();
  login_.reset();

  Finished finished{.status = status};
  if (!status.took_effect()) return finished;
  if (ends_others_ && !logout_) {
    // The session has been committed, perhaps under a new ID: whatever becomes of the others, its cookie goes out.
    try {
      finished.others = end_others(created);
    } catch (const Error&) {
      finished.others = Outcome::busy;
    }
  }
  answer(finished, std::move(created));
  return finished;
}

void RequestSession::Work::restore_own_values() {
  const Values now = own_values(editor_->values());
  if (now == own_) return;
  for (const auto& [name, value] : now)
    if (!own_.contains(name)) editor_->erase(name);
  for (const auto& [name, value] : own_) editor_->set(name, value);
}

/// What the program has changed, timeouts too, as the next version of a session that is locked now; of this layer's own
/// values it keeps those that it has. ok or conflict.
Status RequestSession::Work::take_changes(Session& session) const {
  auto values = editor_->apply_to(session.values());
  if (!values) return Outcome::conflict;
  std::erase_if(*values, [](const auto& value) { return is_own_value(value.first); });
  values->merge(own_values(session.values()));
  session.rebase(std::make_shared<const Values>(*std::move(values)));
  if (editor_->idle_timeout()) session.set_idle_timeout(*editor_->idle_timeout());
  if (editor_->lifetime()) session.set_lifetime(*editor_->lifetime());
  return Outcome::ok;
}

Status RequestSession::Work::commit_locked(Session& session) const {
  const Status status = session.commit({.durability = std::nullopt, .renew = renew_});
  return status == Outcome::expired ? Status(Outcome::gone) : status;
}

Status RequestSession::Work::commit() {
  if (choice_.superseded()) return editor_->changed() ? Outcome::superseded : Outcome::ok;
  if (locked_) {
    restore_own_values();
    if (editor_->changed()) return commit_locked(*locked_);
  } else if (own_values(editor_->values()) != own_) {
    // The program has touched what it must not (clear does): another request may have changed it since.
    std::optional<Session> mine;
    if (const Status held = lock_current(mine); !held.ok()) return held;
    if (const Status taken = take_changes(*mine); !taken.ok()) return taken;
    return commit_locked(*mine);
  } else if (editor_->changed()) {
    return store_.merge(*changes_, {.durability = std::nullopt, .renew = renew_});
  }
  // A request that only read is done, whatever has become of the session since: it wrote nothing that could be lost.
  if (renew_) {
    try {
      const Status renewed = locked_ ? locked_->touch() : store_.touch(*choice_.current());
      has_ended_ = !renewed.ok() && !(renewed == Outcome::not_renewed);
    } catch (const IoError&) {
      // A renewal that fails (read-only file system, disk error) is tried again by the next request.
    }
  }
  return Outcome::ok;
}

}  // namespace sess::web
