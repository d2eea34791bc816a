#include "replaced_id_subject.hpp"

#include "support/store_world.hpp"

#include <boost/filesystem/operations.hpp>

#include <algorithm>
#include <chrono>

namespace sess::test {

namespace {

using std::chrono::hours;
using Kind = ReplacedIdSubject::Kind;

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::supersede:
      return "supersede";
    case Kind::regenerate:
      return "regenerate";
    case Kind::regenerate_leading:
      return "regenerate, leading on";
    case Kind::succeed_expired:
      return "succeed an expired session";
    case Kind::succeed_swept:
      return "succeed a swept session";
    case Kind::join:
      return "join a successor";
    case Kind::logout:
      return "logout with an ID before";
  }
  return {};
}

bool is_stale(Kind kind) { return kind == Kind::succeed_expired || kind == Kind::succeed_swept || kind == Kind::join; }

Editor change(const char* name) {
  Editor editor;
  editor.set(name, 1);
  return editor;
}

}  // namespace

ReplacedIdSubject::ReplacedIdSubject(const std::string& below, Kind kind, CommitMethod method, bool sealed)
    : StoreSubject(
          below, name_of(kind) + (method == CommitMethod::rename_only ? " by rename" : "") + (sealed ? ", sealed" : ""),
          {.idle_timeout = hours(2), .sealed = sealed, .commit_method = method}),
      kind_(kind),
      sealed_(sealed) {}

/// A session of two versions, with a spare but by rename.
void ReplacedIdSubject::prepare() {
  clear();
  const Store store = open(is_stale(kind_) ? -3 * an_hour : 0);
  ids_ = {make_session(store, {{"n", Value(1)}})};
  require(store.update(ids_.front(), [](Editor& editor) { editor.set("n", 2); }).ok(), "set-up");
  if (kind_ == Kind::succeed_swept) require(store.destroy(ids_.front()).ok(), "set-up");
  if (kind_ == Kind::join) ids_.push_back(open(0).succeed(ids_.front(), change("first")).value());
  if (kind_ == Kind::logout)
    for (int i = 0; i < 2; ++i) ids_.push_back(*store.lock(ids_.back())->regenerate()->id());
}

std::function<void()> ReplacedIdSubject::ready() {
  return [this, store = open(0)] { perform(store); };
}

void ReplacedIdSubject::perform(const Store& store) const {
  switch (kind_) {
    case Kind::supersede:
      return require(store.lock(ids_.back())->supersede().ok(), "supersede");
    case Kind::regenerate:
    case Kind::regenerate_leading: {
      Session session = store.lock(ids_.back()).value();
      session.set("regenerated", true);
      const bool leads = kind_ == Kind::regenerate_leading;
      const auto next = session.regenerate({.leads_from = leads ? std::optional(ids_.back()) : std::nullopt});
      return require(next.outcome() == Outcome::ok, "regenerate");
    }
    case Kind::succeed_expired:
    case Kind::succeed_swept:
    case Kind::join:
      return require(store.succeed(ids_.front(), change("written")).outcome() == Outcome::ok, "succeed");
    case Kind::logout:
      return require(store.destroy(ids_.front()).ok(), "destroy");
  }
}

bool ReplacedIdSubject::are_sealed_as_asked(const Store& store) const {
  bool all = true;
  store.list([&](const SessionEntry& entry) { return all = entry.facts.sealed == sealed_; });
  return all;
}

bool ReplacedIdSubject::judge(const Store& store) const {
  require(are_sealed_as_asked(store), "a session is sealed and should not be, or is not and should be");
  if (kind_ == Kind::logout) return judge_logout(store);
  if (kind_ == Kind::join) return judge_joined(store);
  return is_stale(kind_) ? judge_succeeded(store) : judge_replaced(store);
}

bool ReplacedIdSubject::judge_replaced(const Store& store) const {
  const SessionId& old = ids_.back();
  const auto snapshot = store.snapshot(old);
  const bool took_effect = snapshot.outcome() == Outcome::superseded;
  const bool regenerates = kind_ == Kind::regenerate || kind_ == Kind::regenerate_leading;
  const bool leads = took_effect && kind_ == Kind::regenerate_leading;
  require(snapshot && (leads || snapshot->get<int>("n") == 2), "the old version is not whole");
  require(lock_now(store, old) == snapshot.outcome(), "a lock finds another state");
  require(store.update(old, [](Editor& editor) { editor.set("late", 1); }).outcome() == snapshot.outcome(),
          "an update finds another state");
  if (took_effect) {
    require(store.snapshot(old).outcome() == Outcome::superseded && !store.snapshot(old)->has("late"),
            "it was changed");
    require(!boost::filesystem::exists(path() + "/shards/" + spare_file(old)), "the live version is kept as a spare");
  }
  // The new session is on disk before the old one loses its place; until then nobody knows it.
  std::vector<SessionKey> live = live_sessions(store);
  std::erase(live, static_cast<const SessionKey&>(old));
  require(live.size() <= (regenerates ? 1 : 0), "there are more sessions");
  if (took_effect && regenerates) require(live.size() == 1, "the session is gone under both IDs");
  const auto leads_to = store.continuation(old);
  require(leads == (leads_to && SessionKey(*leads_to) == live.at(0)), "the old ID does not lead to the new one");
  for (const SessionKey& key : live) {
    // The killed process was the last to know its ID.
    if (sealed_) continue;
    const auto next = store.snapshot(key);
    require(next && next->get<int>("n") == 2 && next->has("regenerated"), "the new session is not whole");
  }
  require(store.destroy(old).ok(), "the logout is not answered");
  require(!store.snapshot(old), "the logout has left the old session");
  if (took_effect) require(live_sessions(store).empty(), "the logout has left the new session");
  return took_effect;
}

bool ReplacedIdSubject::judge_succeeded(const Store& store) const {
  const SessionId& old = ids_.front();
  require(!store.snapshot(old) && lock_now(store, old) != Outcome::ok, "the old session is live again");
  const auto leads_to = store.successor(old);
  if (leads_to) require(store.snapshot(*leads_to)->has("written"), "there is a forward record before the successor");
  const auto later = store.succeed(old, change("later"));
  require(later && later.status().ok(), "a later request is not answered");
  if (leads_to) require(*later == *leads_to, "a later request goes on in another session");
  const auto snapshot = store.snapshot(*later);
  require(snapshot && snapshot->has("later") && snapshot->has("written") == leads_to.has_value(),
          "the successor does not hold what was written");
  require(live_sessions(store).size() <= (leads_to ? 1U : 2U), "more is left than one orphan");
  return leads_to.has_value();
}

bool ReplacedIdSubject::judge_joined(const Store& store) const {
  const auto leads_to = store.successor(ids_.front());
  require(leads_to && *leads_to == ids_.back(), "the old ID leads elsewhere");
  require(lock_now(store, ids_.back()) == Outcome::ok, "the successor cannot be locked");
  const auto snapshot = store.snapshot(ids_.back());
  require(snapshot && snapshot->has("first"), "the successor is not whole");
  require(live_sessions(store).size() == 1, "there is another session");
  return snapshot->has("written");
}

bool ReplacedIdSubject::judge_logout(const Store& store) const {
  const bool took_effect = !store.snapshot(ids_.back());
  // From the last to the first: as long as the session lives the first ID leads to it.
  const bool can_be_found = store.snapshot(ids_.front()).outcome() == Outcome::superseded;
  require(took_effect || can_be_found, "the session lives, and the ID does not lead to it any more");
  for (const SessionId& id : ids_) static_cast<void>(lock_now(store, id));
  const Status again = store.destroy(ids_.front());
  require(again.ok() || (took_effect && again == Outcome::absent), "the logout cannot be done again");
  require(live_sessions(store).empty(), "the session lives after the logout");
  return took_effect;
}

}  // namespace sess::test
