#include "principals_subject.hpp"

#include "format/names.hpp"
#include "support/store_world.hpp"

#include <boost/filesystem/operations.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace sess::test {

namespace {

using Kind = PrincipalsSubject::Kind;

constexpr const char* ann = "ann";
constexpr std::uintmax_t cut = 100;  // bytes: no header

std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::first_login:
      return "first login of a principal";
    case Kind::login:
      return "login";
    case Kind::login_at_the_limit:
      return "login at the limit";
    case Kind::refused_login:
      return "login that is refused at the limit";
    case Kind::regenerate:
      return "regenerate a session of a principal";
    case Kind::end_all:
      return "end of all sessions";
    case Kind::end_all_but_one:
      return "end of all sessions but one";
    case Kind::remake:
      return "list that is damaged";
    case Kind::rebuild:
      return "index that is lost";
  }
  return {};
}

StoreOptions options_for(Kind kind, CommitMethod method) {
  return {.idle_timeout = std::chrono::hours(2),
          .sessions_per_principal = kind == Kind::login_at_the_limit || kind == Kind::refused_login ? 2U : 0U,
          .refuse_beyond_limit = kind == Kind::refused_login,
          .commit_method = method};
}

Outcome commit_login(Session& session) {
  session.set("n", 1);
  return session.commit({.durability = Durability::durable}).outcome();
}

SessionKey log_in(const Store& store) {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = ann});
  require(commit_login(session) == Outcome::ok, "a login is refused");
  return session.key();
}

bool is_refused_one_more(const Store& store) {
  Session session = store.create({.kind = SessionKind::authenticated, .principal = ann});
  return commit_login(session) == Outcome::limit_reached;
}

std::vector<SessionKey> listed_in(const Store& store) {
  std::vector<SessionKey> keys;
  const auto sessions = store.sessions_of(ann);
  for (const SessionEntry& entry : sessions.value()) keys.push_back(entry.key);
  return keys;
}

bool contains(const std::vector<SessionKey>& keys, const SessionKey& key) {
  return std::ranges::find(keys, key) != keys.end();
}

}  // namespace

PrincipalsSubject::PrincipalsSubject(const std::string& below, Kind kind, CommitMethod method)
    : StoreSubject(below, name_of(kind) + (method == CommitMethod::rename_only ? " by rename" : ""),
                   options_for(kind, method)),
      kind_(kind) {}

void PrincipalsSubject::spoil_list() const {
  const std::string directory = path() + "/" + format::principals_directory + "/";
  for (const std::string& file : files_below(directory)) boost::filesystem::resize_file(directory + file, cut);
}

/// The keys are the same in each run: a visit makes its calls in the order of the shards.
void PrincipalsSubject::prepare() {
  clear();
  const Store store = open(0, Chance::repeatable);
  keys_.clear();
  if (kind_ == Kind::first_login) keys_.push_back(make_session(store, {{"n", Value(1)}}));
  while (kind_ != Kind::first_login && keys_.size() < 2) keys_.push_back(log_in(store));
  if (kind_ == Kind::remake) spoil_list();
  if (kind_ == Kind::rebuild) boost::filesystem::remove_all(path() + "/" + format::principals_directory);
}

std::function<void()> PrincipalsSubject::ready() {
  return [this, store = open(0)] { perform(store); };
}

void PrincipalsSubject::perform(const Store& store) const {
  switch (kind_) {
    case Kind::first_login:
    case Kind::login:
    case Kind::login_at_the_limit:
      static_cast<void>(log_in(store));
      return;
    case Kind::refused_login:
      return require(is_refused_one_more(store), "a login beyond the limit is not refused");
    case Kind::regenerate:
      return require(store.lock(keys_.front())->regenerate().outcome() == Outcome::ok, "regenerate");
    case Kind::end_all:
      return require(store.destroy_principal(ann).ok(), "end of all");
    case Kind::end_all_but_one:
      return require(store.destroy_principal(ann, keys_.back()).ok(), "end of all but one");
    case Kind::remake:
    case Kind::rebuild:
      return require(listed_in(store).size() == 2, "a list lacks a session");
  }
}

bool PrincipalsSubject::judge(const Store& store) const {
  const std::string index = path() + "/" + format::principals_directory;
  const std::vector<std::string> files =
      boost::filesystem::exists(index) ? files_below(index) : std::vector<std::string>();
  // Before anybody looks, who would make again what is damaged.
  const bool verifies = std::ranges::any_of(files, [&](const std::string& file) {
    return !file.ends_with('~') && !file.ends_with(".temp") && boost::filesystem::file_size(index + "/" + file) > cut;
  });
  const std::vector<SessionKey> live = live_sessions(store);
  const std::vector<SessionKey> listed = listed_in(store);
  const auto old = static_cast<std::size_t>(
      std::ranges::count_if(keys_, [&](const SessionKey& key) { return contains(live, key); }));
  for (const SessionKey& key : live)
    require(contains(listed, key) || (kind_ == Kind::first_login && key == keys_.front()),
            "a live session is not listed");

  bool took_effect = false;
  switch (kind_) {
    case Kind::first_login:
    case Kind::login:
      require(old == keys_.size(), "a session is lost");
      took_effect = live.size() > old;
      break;
    case Kind::login_at_the_limit:
      require(contains(live, keys_.back()), "not the oldest was ended");
      took_effect = old == 1;
      require(!took_effect || live.size() == 2, "the oldest was ended before the new one was there");
      break;
    case Kind::refused_login:
      require(old == 2 && live.size() == 2, "the limit does not hold");
      require(is_refused_one_more(store), "a login beyond the limit is not refused");
      require(store.destroy(keys_.front()).ok(), "a session cannot be ended");
      break;
    case Kind::regenerate:
      require(contains(live, keys_.back()), "another session is lost");
      took_effect = old == 1;
      require(!took_effect || live.size() == 2, "the session is gone under both IDs");
      break;
    case Kind::end_all:
      took_effect = live.empty();
      break;
    case Kind::end_all_but_one:
      require(contains(live, keys_.back()), "the exception was ended");
      took_effect = live.size() == 1;
      // What was cut short is done again.
      require(store.destroy_principal(ann, keys_.back()).ok(), "the end cannot be done again");
      require(listed_in(store) == std::vector{keys_.back()}, "the others live");
      break;
    case Kind::remake:
      require(old == 2, "a session is lost");
      took_effect = verifies;
      break;
    case Kind::rebuild:
      require(old == 2, "a session is lost");
      took_effect = !files.empty();
      break;
  }
  static_cast<void>(log_in(store));
  require(store.destroy_principal(ann).ok(), "the end of all is not answered");
  require(listed_in(store).empty(), "a session is listed after the end of all");
  require(live_sessions(store).size() == (kind_ == Kind::first_login ? 1U : 0U),
          "a session lives after the end of all");
  return took_effect;
}

}  // namespace sess::test
