// First commits, updates, merges, and the commits of locked sessions.
#include "subject.hpp"

#include <initializer_list>
#include <stdexcept>

namespace sess::test {

namespace {

const CommitOptions relaxed;
const CommitOptions durable{.durability = Durability::durable};
const CommitOptions scrub{.durability = Durability::durable, .scrub = true};

using Change = void (*)(Editor&);

void count_up(Editor& editor) { editor.set("n", 3); }
void shorten(Editor& editor) {
  editor.set("n", 3);
  editor.set("text", "short");
}
void lengthen(Editor& editor) {
  editor.set("n", 3);
  editor.set("text", std::string(6000, 'y'));
}

Subject update(std::string name, Change change, const CommitOptions& options, const Setting& setting = {}) {
  Subject subject{
      .name = std::move(name),
      .run = [=](Machine& machine) { return Answer{machine.store->update(machine.key(), change, options).outcome()}; },
      .setting = setting,
      .durable = options.durability == Durability::durable,
      .scrubs = options.scrub};
  if (setting.spare == Setting::Spare::busy) subject.ready = [](Machine& machine) { machine.hold_spare(); };
  return subject;
}

/// Of a session that was locked and changed before.
Subject commit(std::string name, Change change, const CommitOptions& options, const Setting& setting = {}) {
  return {.name = std::move(name),
          .run = [=](Machine& machine) { return Answer{machine.session->commit(options).outcome()}; },
          .setting = setting,
          .ready =
              [=](Machine& machine) {
                machine.session = machine.store->lock(machine.key()).value();
                change(*machine.session);
              },
          .durable = options.durability == Durability::durable,
          .scrubs = options.scrub};
}

/// What is to be made safe was committed without a sync.
Subject commit_of_nothing() {
  Subject subject = commit("commit of nothing, durable", count_up, durable);
  subject.ready = [](Machine& machine) {
    machine.session = machine.store->lock(machine.key()).value();
    machine.session->set("n", 3);
    if (!machine.session->commit(relaxed)) throw std::logic_error("cannot commit");
  };
  subject.finds_unsynced = true;
  return subject;
}

Subject merge(std::string name, bool changes, const CommitOptions& options, const Setting& setting = {}) {
  return {.name = std::move(name),
          .run =
              [=](Machine& machine) {
                const Status status = machine.store->merge(*machine.changes, options);
                // Without changes it is a renewal, and one that meets a lock is left out.
                return Answer{status.outcome(), !changes && machine.met_a_lock()};
              },
          .setting = setting,
          .ready =
              [=](Machine& machine) {
                machine.changes = machine.store->snapshot(machine.key())->edit();
                if (changes) machine.changes->set("n", 3);
                machine.fake->advance(std::chrono::hours(20));
              },
          .durable = options.durability == Durability::durable};
}

Subject first_commit(std::string name, const CommitOptions& options, const Setting& setting = {}) {
  return {.name = std::move(name),
          .run =
              [=](Machine& machine) {
                Session session = machine.store->create();
                machine.made.emplace_back(*session.id());
                session.set("n", 7);
                return Answer{session.commit(options).outcome()};
              },
          .setting = setting,
          // The keyring is looked at before an ID is issued.
          .ready = [](Machine& machine) { machine.fake->advance(std::chrono::minutes(1)); },
          .needs_all_shards = true,
          .durable = options.durability == Durability::durable};
}

}  // namespace

std::vector<Subject> first_commits() {
  const Setting links{.no_replace = false};
  const Setting sealed{.sealed = true};
  const Setting early{.early_writeback = true};
  return {first_commit("first commit", relaxed),
          first_commit("first commit, early writeback", relaxed, early),
          first_commit("first commit, durable", durable),
          first_commit("first commit by link", relaxed, links),
          first_commit("first commit by link, durable", durable, links),
          first_commit("first commit, sealed", relaxed, sealed)};
}

std::vector<Subject> commits() {
  std::vector<Subject> subjects = {update("update", count_up, relaxed),
                                   update("update, durable", count_up, durable),
                                   update("update, scrub", shorten, scrub),
                                   update("update to a shorter record", shorten, relaxed),
                                   update("update to a shorter record, durable", shorten, durable),
                                   update("update to a longer record", lengthen, relaxed),
                                   merge("merge", true, relaxed),
                                   merge("merge, durable", true, durable),
                                   merge("merge of nothing", false, relaxed),
                                   commit("commit", count_up, relaxed),
                                   commit("commit, durable", count_up, durable),
                                   commit("commit, scrub", shorten, scrub),
                                   commit_of_nothing()};
  const Setting sealed{.sealed = true};
  subjects.push_back(update("update, sealed, durable", count_up, durable, sealed));
  subjects.push_back(update("update, sealed, scrub", shorten, scrub, sealed));
  subjects.push_back(merge("merge, sealed", true, relaxed, sealed));
  subjects.push_back(merge("merge of nothing, sealed, durable", false, durable, sealed));
  subjects.push_back(commit("commit, sealed, durable", count_up, durable, sealed));
  // Not durable by itself, and yet no cut may leave what a scrub has overwritten.
  Subject alone =
      update("update without a spare, scrub alone", shorten, {.scrub = true}, {.spare = Setting::Spare::absent});
  alone.durable = true;
  subjects.push_back(alone);
  struct Surroundings {
    const char* name;
    Setting::Spare spare;
  };
  for (const auto& [name, spare] : {Surroundings{"update without a spare", Setting::Spare::absent},
                                    {"update beside a busy spare", Setting::Spare::busy},
                                    {"update beside a spare with a second link", Setting::Spare::linked},
                                    {"update over a damaged spare", Setting::Spare::damaged}}) {
    const Setting setting{.spare = spare};
    subjects.push_back(update(name, count_up, relaxed, setting));
    subjects.push_back(update(std::string(name) + ", durable", count_up, durable, setting));
    subjects.push_back(update(std::string(name) + ", scrub", shorten, scrub, setting));
  }
  subjects.push_back(update("update without a spare, early writeback", count_up, relaxed,
                            {.spare = Setting::Spare::absent, .early_writeback = true}));
  return subjects;
}

std::vector<Subject> commits_by_rename() {
  std::vector<Subject> subjects;
  for (const auto& [name, spare] : {std::pair{"update by rename", Setting::Spare::there},
                                    {"update by rename without a spare", Setting::Spare::absent},
                                    {"update by rename beside a busy spare", Setting::Spare::busy}}) {
    const Setting setting{.spare = spare, .method = CommitMethod::rename_only};
    subjects.push_back(update(name, count_up, relaxed, setting));
    subjects.push_back(update(std::string(name) + ", durable", count_up, durable, setting));
    subjects.push_back(update(std::string(name) + ", scrub", shorten, scrub, setting));
  }
  return subjects;
}

}  // namespace sess::test
