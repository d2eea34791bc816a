// IDs that are superseded, regenerated and succeeded, and the end of what was.
#include "subject.hpp"
#include "support/store_world.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>

namespace sess::test {

namespace {

/// Of the whole operation under one lock.
Answer with_lock(Machine& machine, const std::function<Answer(Session&)>& act) {
  Result<Session> session = machine.store->lock(machine.key());
  return session ? act(*session) : Answer{session.outcome()};
}

Answer supersede(Session& session) { return {session.supersede().outcome()}; }

Answer regenerate(Machine& machine, Session& session) {
  const Result<Session> next = session.regenerate();
  if (next) machine.made.emplace_back(*next->id());
  return {next.outcome(), false, next && next->get<int>("n") != 2 ? "the new session is another one" : ""};
}

Subject superseding(std::string name, const Setting& setting) {
  return {.name = std::move(name),
          .run = [](Machine& machine) { return with_lock(machine, supersede); },
          .setting = setting,
          .durable = true,
          .again = Outcome::superseded};
}

Subject regenerating(std::string name, const Setting& setting) {
  return {.name = std::move(name),
          .run =
              [](Machine& machine) {
                return with_lock(machine, [&](Session& session) { return regenerate(machine, session); });
              },
          .setting = setting,
          .needs_all_shards = true,
          .durable = true,
          .makes_another = true,
          .again = Outcome::superseded};
}

Subject regenerating_a_locked_session() {
  Subject subject = regenerating("regenerate a locked session", {});
  subject.ready = [](Machine& machine) { machine.session = machine.store->lock(machine.key()).value(); };
  subject.run = [](Machine& machine) { return regenerate(machine, *machine.session); };
  return subject;
}

/// What is read under the ID before is for the contract; here it is who has it.
Subject regenerating_so_that_it_leads(std::string name, const Setting& setting) {
  Subject subject = regenerating(std::move(name), setting);
  subject.run = [](Machine& machine) {
    return with_lock(machine, [&](Session& session) {
      const Result<Session> next = session.regenerate({.leads_from = machine.key().id()});
      if (next) machine.made.emplace_back(*next->id());
      return Answer{next.outcome()};
    });
  };
  return subject;
}

/// The session and its two IDs after the first.
void regenerate_twice(Machine& machine) {
  for (int i = 0; i < 2; ++i) {
    Result<Session> session = machine.store->lock(machine.keys.back());
    machine.keys.emplace_back(*session->regenerate()->id());
  }
}

/// With the first ID. One before the last that is locked for too long stays, frozen; the last one never does.
Answer log_out(Machine& machine) {
  Answer answer{machine.store->destroy(machine.key()).outcome()};
  const auto is_there = [&](const SessionKey& key) { return machine.fake->exists(Machine::record_path(key)); };
  if (answer.outcome != Outcome::ok) return answer;
  if (is_there(machine.keys.back())) answer.wrong = "answers ok, and the session lives";
  answer.admits_errors = std::ranges::any_of(machine.keys, is_there);
  return answer;
}

enum class Stale : std::uint8_t { expired, swept, succeeded };

Subject succeeding(std::string name, Stale stale, const CommitOptions& options = {}, const Setting& setting = {}) {
  const auto id = std::make_shared<std::optional<SessionId>>();
  Subject subject{.name = std::move(name),
                  .run =
                      [=](Machine& machine) {
                        Editor editor;
                        editor.set("n", 7);
                        const auto next = machine.store->succeed(**id, editor, options);
                        if (next) machine.made.emplace_back(*next);
                        const bool joins = stale == Stale::succeeded;
                        const bool is_other = next && joins && SessionKey(*next) != machine.keys.back();
                        return Answer{next.outcome(), false, is_other ? "there is another successor" : ""};
                      },
                  .setting = setting,
                  .ready = [=](Machine& machine) { machine.stale = *id; },
                  .needs_all_shards = true,
                  .durable = options.durability == Durability::durable,
                  .makes_another = true};
  subject.setting.furnish = [=](Machine& machine) {
    *id = make_session(*machine.store, {{"n", 5}}, {.idle_timeout = std::chrono::hours(1)});
    machine.keys.emplace_back(**id);
    if (!machine.store->update(**id, [](Editor& editor) { editor.set("n", 6); }))
      throw std::logic_error("cannot make a session");
    machine.fake->advance(std::chrono::hours(2));
    if (stale == Stale::swept && !machine.store->destroy(**id)) throw std::logic_error("cannot destroy");
    if (stale == Stale::succeeded) {
      Editor editor;
      editor.set("n", 1);
      machine.keys.emplace_back(machine.store->succeed(**id, editor).value());
    }
  };
  return subject;
}

}  // namespace

std::vector<Subject> replaced_ids() {
  const Setting by_rename{.method = CommitMethod::rename_only};
  const Setting no_spare{.spare = Setting::Spare::absent};
  const Setting sealed{.sealed = true};
  const CommitOptions durable{.durability = Durability::durable};
  return {
      superseding("supersede", {}),
      superseding("supersede without a spare", no_spare),
      superseding("supersede by rename", by_rename),
      {.name = "supersede a locked session",
       .run = [](Machine& machine) { return supersede(*machine.session); },
       .ready = [](Machine& machine) { machine.session = machine.store->lock(machine.key()).value(); },
       .durable = true},
      regenerating("regenerate", {}),
      regenerating("regenerate without a spare", no_spare),
      regenerating("regenerate by rename", by_rename),
      regenerating("regenerate, sealed", sealed),
      regenerating_a_locked_session(),
      regenerating_so_that_it_leads("regenerate, leading on", {}),
      regenerating_so_that_it_leads("regenerate by rename, leading on", by_rename),
      regenerating_so_that_it_leads("regenerate, sealed, leading on", sealed),
      succeeding("succeed an expired session", Stale::expired),
      succeeding("succeed an expired session, durable", Stale::expired, durable),
      succeeding("succeed an expired session by rename, durable", Stale::expired, durable, by_rename),
      succeeding("succeed an expired session, sealed, durable", Stale::expired, durable, sealed),
      succeeding("succeed a swept session", Stale::swept),
      succeeding("succeed a swept session, durable", Stale::swept, durable),
      succeeding("join a successor", Stale::succeeded),
      succeeding("join a successor, durable", Stale::succeeded, durable),
      {.name = "destroy of a session that was regenerated",
       .run = log_out,
       .setting = {.furnish = regenerate_twice},
       .durable = true,
       .has_steps = true,
       .again = Outcome::absent},
  };
}

}  // namespace sess::test
