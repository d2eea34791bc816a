// Verify beside programs that work: what is under way is no finding.
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr int writers = 8;

/// Everything that changes a store, over and over, on a few sessions that all fight for.
void work(const Store& store, const std::vector<SessionId>& shared, int number, SharedCounter& turns,
          const SharedCounter& is_over) {
  const std::string principal = "user" + std::to_string(number % 3);
  for (std::size_t turn = 0; is_over.value() == 0; ++turn) {
    const SessionId& id = shared[turn % shared.size()];
    static_cast<void>(store.update(id, [&](Editor& editor) {
      editor.add("n", 1);
      editor.set("text", std::string(turn % 5000, 'x'));
    }));
    static_cast<void>(store.touch(id.key()));
    Session session = store.create({.kind = SessionKind::authenticated, .principal = principal});
    session.set("turn", static_cast<std::int64_t>(turn));
    static_cast<void>(session.commit());
    if (turn % 3 == 0) static_cast<void>(session.regenerate());
    session.release();
    if (turn % 2 == 0) static_cast<void>(store.destroy(session.key()));
    if (turn % 11 == 0) static_cast<void>(store.destroy_principal(principal));
    // Expires while it is being looked at.
    Session brief = store.create({.idle_timeout = std::chrono::milliseconds(turn % 20 + 1)});
    brief.set("a", 1);
    static_cast<void>(brief.commit());
    turns.add();
  }
}

TEST_CASE("verify beside eight writers and a sweeper finds nothing that is not wrong") {
  for (const std::string& below : file_systems()) {
    for (const CommitMethod method : {CommitMethod::automatic, CommitMethod::rename_only}) {
      const TemporaryDirectory directory(below);
      const std::string path = directory / "store";
      Store::init(path);
      const StoreOptions options{.grace = std::chrono::milliseconds(5), .commit_method = method};
      const Store store = Store::open(path, options);
      std::vector<SessionId> shared;
      for (int n = 0; n < 4; ++n) {
        Session session = store.create();
        session.set("n", 0);
        REQUIRE(session.commit());
        shared.push_back(session.id().value());
      }
      SharedCounter is_over, turns;
      const std::int64_t enough = long_run() ? 50'000 : 1'500;
      std::vector<Child> children;
      for (int number = 0; number < writers; ++number)
        children.emplace_back([&, number] {
          try {
            work(Store::open(path, options), shared, number, turns, is_over);
          } catch (...) {
            turns.set(enough);  // nobody is to wait for it
            throw;
          }
        });
      children.emplace_back([&] {
        const Store sweeper = Store::open(path, options);
        while (is_over.value() == 0) static_cast<void>(sweeper.gc());
      });
      for (int round = 0; round < 10 || turns.value() < enough; ++round) {
        static_cast<void>(verify(store, {.jobs = 2}, [&](const Finding& finding) {
          // A session that was logged out stays in its list for a while.
          if (finding.kind == Finding::Kind::stale_entry) return;
          FAIL_CHECK(below, ": ", to_string(finding.kind), " ", finding.file, ": ", finding.what);
        }));
      }
      is_over.set(1);
      for (Child& child : children) CHECK(child.wait() == 0);
      static_cast<void>(
          verify(store, {}, [&](const Finding& finding) { CHECK(finding.kind == Finding::Kind::stale_entry); }));
    }
  }
}

}  // namespace
}  // namespace sess::test
