// Sessions that belong to a principal: logins, regenerations, the end of all, and the list of them, made again.
#include "subject.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>

namespace sess::test {

namespace {

constexpr const char* ann = "ann";

void require(bool condition) {
  if (!condition) throw std::logic_error("cannot prepare the sessions of a principal");
}

Answer login(Machine& machine) {
  Session session = machine.store->create({.kind = SessionKind::authenticated, .principal = ann});
  session.set("n", 1);
  const Status status = session.commit({.durability = Durability::durable});
  if (status.took_effect()) machine.made.emplace_back(session.key());
  return {status.outcome()};
}

/// So many sessions of hers, each with a spare.
void log_in(Machine& machine, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Session session = machine.store->create({.kind = SessionKind::authenticated, .principal = ann});
    session.set("n", 1);
    require(session.commit().ok());
    session.set("n", 2);
    require(session.commit().ok());
    machine.keys.emplace_back(session.key());
  }
}

enum class Index : std::uint8_t { sound, damaged, spare_damaged_too, lost };

void spoil_index(Machine& machine, Index index) {
  const std::string directory = std::string(store_path) + "/principals";
  for (const std::string& name : machine.fake->names_below(directory)) {
    if (name.ends_with('/')) continue;
    const std::string file = directory + "/" + name;
    std::vector<std::byte> content = machine.fake->content(file);
    content.back() ^= std::byte{1};
    if (index == Index::spare_damaged_too || (index == Index::damaged && !name.ends_with('~')))
      machine.fake->set_content(file, content);
  }
  if (index == Index::lost)
    require(machine.fake->rename(sys::working_directory, directory.c_str(), sys::working_directory, "/srv/lost",
                                 sys::RenameMode::replace) == 0);
}

Setting with_sessions(std::size_t count, Index index = Index::sound, std::size_t limit = 0) {
  Setting setting;
  setting.principal = ann;
  setting.limit = limit;
  setting.furnish = [=](Machine& machine) {
    log_in(machine, count);
    spoil_index(machine, index);
  };
  return setting;
}

/// The shards in which there is nothing are needed for a session whose key is not known, and for a visit.
Subject logging_in(std::string name, const Setting& setting) {
  return {.name = std::move(name),
          .run = login,
          .setting = setting,
          .needs_all_shards = true,
          .durable = true,
          .makes_another = true,
          .may_quarantine = true};
}

Subject logging_in_at_the_limit() {
  Subject subject = logging_in("login at the limit", with_sessions(1, Index::sound, 1));
  subject.has_steps = true;
  subject.run = [](Machine& machine) {
    Answer answer = login(machine);
    // One that cannot be looked at, or not be ended, stays.
    answer.admits_errors = machine.fake->exists(Machine::record_path(machine.keys.at(1)));
    return answer;
  };
  return subject;
}

bool met_an_unreadable_session(const Machine& machine) {
  return std::ranges::any_of(machine.fake->log(), [&](const LoggedCall& call) {
    return call.result < 0 && std::ranges::any_of(machine.keys, [&](const SessionKey& key) {
             return call.path.find(Machine::record_name(key)) != std::string::npos;
           });
  });
}

Subject logging_in_beyond_the_limit(std::string name, Index index) {
  Setting setting = with_sessions(2, index, 2);
  setting.refuses = true;
  Subject subject = logging_in(std::move(name), setting);
  subject.run = [](Machine& machine) {
    const Answer answer = login(machine);
    // A session that cannot be read does not count.
    if (answer.outcome == Outcome::ok && met_an_unreadable_session(machine))
      return Answer{Outcome::limit_reached, true};
    return answer;
  };
  return subject;
}

Subject ending(std::string name, const Setting& setting, std::optional<std::size_t> except = {}) {
  return {.name = std::move(name),
          .run =
              [=](Machine& machine) {
                std::optional<SessionKey> kept;
                if (except) kept = machine.keys.at(*except);
                return Answer{machine.store->destroy_principal(ann, kept).outcome()};
              },
          .setting = setting,
          .needs_all_shards = true,
          .durable = true,
          .has_steps = true,
          .may_quarantine = true};
}

Subject regenerating() {
  return {.name = "regenerate a session of a principal",
          .run =
              [](Machine& machine) {
                Result<Session> session = machine.store->lock(machine.keys.at(1));
                if (!session) return Answer{session.outcome()};
                const Result<Session> next = session->regenerate();
                if (next) machine.made.emplace_back(next->key());
                return Answer{next.outcome()};
              },
          .setting = with_sessions(1),
          .needs_all_shards = true,
          .durable = true,
          .makes_another = true,
          .again = Outcome::superseded};
}

Subject looking(std::string name, Index index) {
  return {.name = std::move(name),
          .run =
              [](Machine& machine) {
                const auto sessions = machine.store->sessions_of(ann);
                Answer answer{sessions.outcome()};
                if (!sessions) return answer;
                if (sessions->size() != 2) answer.wrong = "a session is not listed";
                for (const SessionEntry& entry : *sessions)
                  if (!entry.problem.empty()) answer.admits_errors = true;
                return answer;
              },
          .setting = with_sessions(2, index),
          .needs_all_shards = true,
          .durable = true,
          .may_quarantine = true};
}

/// Of a session of another store, until it is on disk.
Subject restoring(std::string name, const Setting& setting) {
  const auto copy = std::make_shared<SessionCopy>();
  return {.name = std::move(name),
          .run =
              [copy](Machine& machine) {
                const Restoration into(*machine.store);
                switch (into.restore(*copy)) {
                  case Restored::made:
                  case Restored::unchanged:
                    break;
                  case Restored::busy:
                    return Answer{Outcome::busy};
                  default:
                    return Answer{.wrong = "says that the session is another's, expired or ended"};
                }
                machine.made.emplace_back(copy->key);
                try {
                  into.finish();
                } catch (const IoError&) {
                  return Answer{Outcome::durability_unknown};  // which is what it means
                }
                return Answer{};
              },
          .setting = setting,
          .ready =
              [copy](Machine& machine) {
                *copy = copy_of(*machine.store, machine.keys.back()).value();
                SessionKey::Bytes bytes = copy->key.bytes();
                bytes.back() ^= 1;
                copy->key = SessionKey(bytes);
              },
          .needs_all_shards = true,
          .durable = true,
          .makes_another = true,
          .may_quarantine = true};
}

}  // namespace

std::vector<Subject> principals() {
  Setting nobody;
  nobody.principal = ann;
  return {
      logging_in("first login of a principal", nobody),
      logging_in("login", with_sessions(1)),
      logging_in_at_the_limit(),
      logging_in_beyond_the_limit("login that is refused at the limit", Index::sound),
      logging_in_beyond_the_limit("login that is refused, over a damaged list", Index::damaged),
      logging_in("login over a damaged list", with_sessions(2, Index::damaged)),
      regenerating(),
      ending("end of all sessions", with_sessions(2)),
      ending("end of all sessions but one", with_sessions(3), 2),
      ending("end of all sessions over a damaged list", with_sessions(2, Index::damaged)),
      ending("end of all sessions over a list that is lost", with_sessions(2, Index::spare_damaged_too)),
      restoring("restore a session of a principal", with_sessions(1)),
      restoring("restore a session over a damaged list", with_sessions(2, Index::damaged)),
      restoring("restore a session of nobody", {}),
      looking("list of a principal", Index::sound),
      looking("list of a principal that is lost", Index::spare_damaged_too),
      looking("list of a principal whose index is lost", Index::lost),
  };
}

}  // namespace sess::test
