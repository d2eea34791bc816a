#include <sess/web/request_session.hpp>

#include "store/core.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace sess::web {

namespace {

constexpr std::string_view principal_name = "sess.principal";

// IDs of one cookie's name that are looked at. Each costs a file access and each was issued here, so this bounds what
// somebody who collects IDs can make one request cost.
constexpr std::size_t candidate_limit = 8;

std::optional<std::string> principal_in(SessionKind kind, const Values& values) {
  const auto found = values.find(principal_name);
  // An anonymous session belongs to nobody, whatever it holds.
  if (kind != SessionKind::authenticated || found == values.end()) return std::nullopt;
  const auto* text = found->second.get_if<std::string>();
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

/// For somebody who found the session live before: it is not any more.
Status as_gone(Status status) {
  return status == Outcome::busy || status == Outcome::superseded ? status : Status(Outcome::gone);
}

}  // namespace

RequestSession::RequestSession(Store store, std::shared_ptr<const SessionCookies> cookies,
                               std::string_view cookie_header)
    : store_(std::move(store)), cookies_(std::move(cookies)), begun_(StoreAccess::system(store_).wall_clock()) {
  const std::vector<Cookie> sent = parse_cookies(cookie_header);
  find_issued(SessionKind::authenticated, sent);
  find_issued(SessionKind::anonymous, sent);
}

RequestSession::~RequestSession() = default;

void RequestSession::find_issued(SessionKind kind, const std::vector<Cookie>& sent) {
  std::size_t candidates = 0;
  for (const Cookie& cookie : sent) {
    if (cookie.name != cookies_->name(kind)) continue;
    auto id = store_.parse(cookie.value);
    if (!id || id->kind() != kind || std::find(named_.begin(), named_.end(), *id) != named_.end()) continue;
    if (++candidates > candidate_limit) return;
    named_.push_back(*std::move(id));
  }
}

/// Decides which session it is, by what is live now.
Status RequestSession::choose() {
  Status status = choose_among(SessionKind::authenticated);
  if (status.ok() && !current_) status = choose_among(SessionKind::anonymous);
  if (status.ok() && !current_) status = choose_successor();
  if (!status.ok()) return status;
  if (current_) owner_ = principal_in(current_->kind(), changes_->values());
  chosen_ = true;
  return Outcome::ok;
}

void RequestSession::use(const SessionId& id, const Result<Snapshot>& snapshot) {
  current_ = id;
  superseded_ = snapshot.outcome() == Outcome::superseded;
  regenerated_ = snapshot->facts().successor.has_value();
  changes_.emplace(snapshot->edit());
}

Status RequestSession::choose_among(SessionKind kind) {
  bool live = false;
  for (const SessionId& id : named_) {
    if (id.kind() != kind) continue;
    const auto snapshot = store_.snapshot(id);
    if (snapshot.outcome() == Outcome::busy) return snapshot.status();
    if (!snapshot || (current_ && snapshot.outcome() == Outcome::superseded)) continue;
    if (live) {
      // A second live authenticated session: of these, none.
      current_.reset();
      changes_.reset();
      return Outcome::ok;
    }
    use(id, snapshot);
    live = !superseded_;
    if (live && kind == SessionKind::anonymous) break;
  }
  return Outcome::ok;
}

/// Of an anonymous ID that names no session any more.
Status RequestSession::choose_successor() {
  const std::vector<SessionId> named = named_;
  for (const SessionId& id : named) {
    if (id.kind() != SessionKind::anonymous) continue;
    if (!stale_) stale_ = id;
    const auto successor = store_.successor(id);
    if (successor.outcome() == Outcome::busy) return successor.status();
    if (!successor) continue;
    const auto snapshot = store_.snapshot(*successor);
    if (snapshot.outcome() == Outcome::busy) return snapshot.status();
    if (!snapshot) continue;  // it has ended just now
    use(*successor, snapshot);
    is_successor_ = true;
    stale_.reset();
    return Outcome::ok;
  }
  return Outcome::ok;
}

Status RequestSession::reload(Mode mode) {
  if (mode == Mode::locked && !superseded_) {
    // Not renewed yet: whether this request renews is for the handler to say.
    auto session = store_.lock(*current_, {.timeout = std::nullopt, .renew = false});
    if (!session) return as_gone(session.status());
    locked_.emplace(*std::move(session));
  } else {
    auto snapshot = store_.snapshot(*current_);
    if (!snapshot || (snapshot.outcome() == Outcome::superseded && !superseded_)) return as_gone(snapshot.status());
    changes_.emplace(snapshot->edit());
  }
  return Outcome::ok;
}

Status RequestSession::start(Mode mode) {
  started_ = false;
  work_on_nothing();
  changes_.reset();
  locked_.reset();
  principal_.reset();
  authenticate_ = false;
  regenerate_ = false;
  logout_ = false;
  ends_others_ = false;
  login_.reset();
  renew_ = true;

  const bool first = !chosen_;
  if (first) {
    if (const Status status = choose(); !status.ok()) return status;
  } else if (stale_) {
    // By now another request may have made the successor that this one joins.
    if (const Status status = choose_successor(); !status.ok()) return status;
  }
  // What has just been read is good for merge mode.
  if (current_ && (!changes_ || mode == Mode::locked)) {
    changes_.reset();
    if (const Status status = reload(mode); !status.ok()) return status;
  }
  if (locked_) {
    editor_ = &*locked_;
  } else if (changes_) {
    editor_ = &*changes_;
  }
  principal_ = owner_;
  started_ = true;
  return Outcome::ok;
}

void RequestSession::work_on_nothing() {
  empty_ = Editor();
  editor_ = &empty_;
}

void RequestSession::require_started() const {
  if (!started_) throw UsageError("the session of this request is not started, or finished already");
}

Editor& RequestSession::editor() {
  require_started();
  return *editor_;
}

void RequestSession::authenticate(std::string_view principal) {
  require_started();
  if (principal.empty()) throw UsageError("authenticate: the principal is empty");
  const bool carried = current_ && (current_->kind() == SessionKind::anonymous || owner_ == principal);
  // What this request has derived from somebody else's session goes with it.
  if (editor_ != &empty_ && !carried) work_on_nothing();
  // A set like any other: a login that was decided by a value which has changed meanwhile is a conflict.
  editor_->set(principal_name, std::string(principal));
  principal_ = principal;
  // Now, not at the end: if all sessions of this principal are ended from here on, so is this one.
  login_.emplace(store_.create({.kind = SessionKind::authenticated, .principal = principal_}));
  authenticate_ = true;
}

void RequestSession::regenerate() {
  require_started();
  if (exists() && current_->kind() == SessionKind::anonymous)
    throw UsageError("regenerate: the session is anonymous; authenticate() gives it a new ID");
  regenerate_ = true;
}

void RequestSession::logout_everywhere() {
  logout();
  ends_others_ = true;
}

void RequestSession::logout_others() {
  require_started();
  ends_others_ = true;
}

void RequestSession::logout() {
  require_started();
  ends_others_ = false;
  work_on_nothing();
  principal_.reset();
  authenticate_ = false;
  regenerate_ = false;
  logout_ = true;
}

Finished RequestSession::finish() {
  require_started();
  started_ = false;
  std::optional<SessionId> created;
  // The end of sessions comes first: nothing that fails afterwards can undo it.
  Status ended = logout_ ? end_all() : Status();
  Status status = ended;
  if (ended.took_effect()) {
    if (authenticate_) {
      status = replace(created);
    } else if (ends_others_ && superseded_ && !logout_) {
      // It would end what the session has become.
      status = Outcome::superseded;
    } else if (regenerate_ && current_ && !logout_) {
      status = replace_id(created);
    } else if (editor_ != &empty_) {
      status = commit();
      if (is_successor_ && status.took_effect()) created = current_;
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

  Finished finished{status, {}, {}};
  if (!status.took_effect()) return finished;
  if (ends_others_ && !logout_) {
    // The session has been committed, perhaps under a new ID: whatever becomes of the others, its cookie goes out.
    try {
      finished.others = end_others(created);
    } catch (const Error&) {
      finished.others = Outcome::busy;
    }
  }
  if (created) finished.set_cookie.push_back(cookies_->set(*created));
  if (logout_) {
    for (const SessionKind kind : {SessionKind::authenticated, SessionKind::anonymous})
      if (!created || created->kind() != kind) finished.set_cookie.push_back(cookies_->remove(kind));
  }
  return finished;
}

void RequestSession::restore_principal() {
  if (current_->kind() != SessionKind::authenticated) return;
  const Values& values = editor_->values();
  if (principal_in(current_->kind(), values) == owner_ && values.contains(principal_name) == owner_.has_value()) return;
  if (owner_) {
    editor_->set(principal_name, *owner_);
  } else {
    editor_->erase(principal_name);
  }
}

/// The successor of a stale ID may have been made by another request, and its forward record may have expired since:
/// with a second one the client would lose the first.
Status RequestSession::write_first(std::optional<SessionId>& created) {
  if (!stale_ || logout_) return create(SessionKind::anonymous, empty_.values(), created);
  const std::int64_t age = StoreAccess::system(store_).wall_clock() - begun_;
  if (age >= store_.options().idle_timeout.count()) return Outcome::gone;
  const auto successor = store_.succeed(*stale_, empty_, {.durability = std::nullopt, .renew = renew_});
  // Too old to be succeeded: as good as no cookie.
  if (successor.outcome() == Outcome::absent) return create(SessionKind::anonymous, empty_.values(), created);
  if (successor) created = *successor;
  return successor.status();
}

Status RequestSession::commit() {
  if (superseded_) return editor_->changed() ? Outcome::superseded : Outcome::ok;
  restore_principal();
  if (editor_->changed()) {
    const CommitOptions options{.durability = std::nullopt, .renew = renew_};
    if (!locked_) return store_.merge(*changes_, options);
    const Status status = locked_->commit(options);
    return status == Outcome::expired ? Status(Outcome::gone) : status;
  }
  // A request that only read is done, whatever has become of the session since: it wrote nothing that could be lost.
  if (renew_) {
    try {
      static_cast<void>(locked_ ? locked_->touch() : store_.touch(*current_));
    } catch (const IoError&) {
      // A renewal that fails (read-only file system, disk error) is tried again by the next request.
    }
  }
  return Outcome::ok;
}

Status RequestSession::end_all() {
  Status worst;
  std::exception_ptr failure;
  const auto end = [&](const auto& destroy) {
    try {
      const Status status = destroy();
      if (status == Outcome::busy || (status == Outcome::durability_unknown && worst.ok())) worst = status;
    } catch (...) {
      // The others are ended all the same; the first failure is the one to tell.
      if (!failure) failure = std::current_exception();
    }
  };
  if (ends_others_ && owner_) {
    // The request's own comes last: who is told that not all have ended comes again with it.
    locked_.reset();
    const Status others = end_others({});
    if (!others.took_effect()) return others;
    worst = others;
    // A login that this request makes afterwards is not one of those that were under way.
    if (login_ && principal_ == owner_)
      login_.emplace(store_.create({.kind = SessionKind::authenticated, .principal = principal_}));
  }
  // First the one that is locked, because nobody waits for a lock while holding another.
  if (locked_) end([this] { return locked_->destroy(); });
  locked_.reset();
  for (const SessionId& id : named_) {
    if (id.kind() == SessionKind::anonymous) {
      // What an expired one goes on as, before the record that leads to it.
      end([&]() -> Status {
        const auto successor = store_.successor(id);
        if (successor && !(*successor == id)) return store_.destroy(*successor);
        return successor.outcome() == Outcome::busy ? successor.status() : Status();
      });
    }
    end([&] { return store_.destroy(id); });
  }
  if (failure) std::rethrow_exception(failure);
  return worst;
}

Status RequestSession::end_others(const std::optional<SessionId>& created) {
  // Of who was logged in when this request came, or has logged in by it.
  const std::optional<std::string>& whose = authenticate_ && !logout_ ? principal_ : owner_;
  if (!whose) return {};
  std::optional<SessionKey> except;
  if (created) {
    except = created->key();
  } else if (current_ && !superseded_) {
    except = current_->key();
  }
  return store_.destroy_principal(*whose, except);
}

/// The current session under its lock: that of Mode::locked, or `mine`.
Status RequestSession::lock_current(std::optional<Session>& mine) {
  if (locked_) {
    // A lock holds off the idle timeout and not the absolute deadline.
    return locked_->touch() == Outcome::expired ? Outcome::gone : Outcome::ok;
  }
  auto session = store_.lock(*current_, {.timeout = std::nullopt, .renew = false});
  if (!session) return as_gone(session.status());
  mine.emplace(*std::move(session));
  return Outcome::ok;
}

Status RequestSession::replace(std::optional<SessionId>& created) {
  if (!current_ || logout_) return create(SessionKind::authenticated, editor_->values(), created);
  // The cookie of its new ID is on its way, and would replace that of this login.
  const bool login = current_->kind() == SessionKind::authenticated;
  if (login && regenerated_) return Outcome::superseded;
  if (superseded_) return create(SessionKind::authenticated, editor_->values(), created);

  // Under the old session's lock from here on: nobody can write to it between the copy and its end.
  std::optional<Session> mine;
  const Status held = lock_current(mine);
  const bool carried = editor_ != &empty_;
  std::optional<Values> values;
  if (held == Outcome::superseded) {
    // By another login at the same time: this one is as good, and has the same data.
    const auto frozen = store_.snapshot(*current_);
    if (!frozen) return as_gone(frozen.status());
    if (login && frozen->facts().successor) return Outcome::superseded;
    values = carried ? editor_->apply_to(frozen->values()) : editor_->values();
    if (!values) return Outcome::conflict;
    return create(SessionKind::authenticated, *values, created);
  }
  if (!held.ok()) return held;
  Session& old = locked_ ? *locked_ : *mine;
  values = carried && mine ? editor_->apply_to(old.values()) : editor_->values();
  if (!values) return Outcome::conflict;

  Status status = create(SessionKind::authenticated, *values, created);
  if (!created) return status;
  try {
    if (old.supersede() == Outcome::durability_unknown) status = Outcome::durability_unknown;
  } catch (...) {
    // The client will not hear of the new session, so it must not stay behind. Whether that succeeds or not, the fault
    // to tell is the first one. Nobody waits for a lock while holding another, so the old one's goes first.
    mine.reset();
    locked_.reset();
    try {
      static_cast<void>(store_.destroy(*created));
    } catch (const Error&) {
    }
    throw;
  }
  return status;
}

Status RequestSession::replace_id(std::optional<SessionId>& created) {
  if (superseded_) return Outcome::superseded;
  restore_principal();
  std::optional<Session> mine;
  if (const Status held = lock_current(mine); !held.ok()) return held;
  if (mine) {
    auto values = editor_->apply_to(mine->values());
    if (!values) return Outcome::conflict;
    mine->rebase(std::make_shared<const Values>(*std::move(values)));
    if (editor_->idle_timeout()) mine->set_idle_timeout(*editor_->idle_timeout());
    if (editor_->lifetime()) mine->set_lifetime(*editor_->lifetime());
  }
  auto next = (mine ? *mine : *locked_).regenerate();
  if (!next) return as_gone(next.status());
  created = next->id();
  return next.status();
}

Status RequestSession::create(SessionKind kind, const Values& values, std::optional<SessionId>& created) {
  const bool login = kind == SessionKind::authenticated;
  Session session = login ? *std::move(login_) : store_.create();
  for (const auto& [name, value] : values)
    if (name != principal_name) session.set(name, value);
  if (login) session.set(principal_name, *principal_);
  if (editor_->idle_timeout()) session.set_idle_timeout(*editor_->idle_timeout());
  if (editor_->lifetime()) session.set_lifetime(*editor_->lifetime());
  // A login that the client has been told of must survive a power cut; the start of an anonymous session need not.
  const Status status =
      session.commit({.durability = login ? std::optional(Durability::durable) : std::nullopt, .renew = true});
  if (status.took_effect()) created = session.id();
  return status;
}

}  // namespace sess::web
