// Readers do not wait for writers, never see a mixture, and never go backwards.
#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

namespace sess::test {
namespace {

struct Seen {
  std::int64_t reads = 0;
  std::int64_t mixtures = 0;   // values of two versions in one snapshot, or a generation that is not its values'
  std::int64_t backwards = 0;  // a version older than one that this reader had seen
  std::int64_t missing = 0;    // no session, though it is always there
  int failed_processes = 0;
};

/// Writers put the same number under three names, with a long text between, so that a torn read would show.
Seen race(const std::string& below, Breakage breakage, CommitMethod method) {
  const TemporaryDirectory directory(below);
  const std::string path = directory / "store";
  const StoreOptions options{.create = true, .commit_method = method};
  const auto open = [&] { return open_store(std::make_shared<BrokenSystem>(breakage), path, options); };
  const Store store = Store::open(path, options);
  Session session = store.create();
  const auto write = [](Editor& editor, std::int64_t number) {
    editor.set("a", number);
    editor.set("m", std::string(static_cast<std::size_t>(100 + number % 5000), 'm'));
    editor.set("z", number);
  };
  write(session, 1);
  REQUIRE(session.commit());
  const SessionKey key = session.key();
  session.release();

  const int writes = long_run() ? 40'000 : 3'000;
  SharedCounter reads, mixtures, backwards, missing, writers;
  writers.set(2);
  Seen seen;
  seen.failed_processes = run_processes(4, [&](int number) {
    const Store own = open();
    if (number < 2) {
      for (int i = 0; i < writes; ++i)
        static_cast<void>(
            own.update(key, [&](Editor& editor) { write(editor, editor.get<std::int64_t>("a").value_or(0) + 1); }));
      writers.add(-1);
      return;
    }
    std::uint64_t last_generation = 0;
    std::int64_t last_value = 0;
    while (writers.value() > 0) {
      const auto snapshot = own.snapshot(key);
      reads.add();
      if (!snapshot) {
        missing.add();
        continue;
      }
      const auto a = snapshot->get<std::int64_t>("a").value_or(-1);
      const auto z = snapshot->get<std::int64_t>("z").value_or(-2);
      if (a != z || snapshot->facts().generation != static_cast<std::uint64_t>(a)) mixtures.add();
      if (snapshot->facts().generation < last_generation || a < last_value) backwards.add();
      last_generation = snapshot->facts().generation;
      last_value = a;
    }
  });
  seen.reads = reads.value();
  seen.mixtures = mixtures.value();
  seen.backwards = backwards.value();
  seen.missing = missing.value();
  return seen;
}

void check_clean(CommitMethod method) {
  for (const std::string& below : file_systems()) {
    CAPTURE(below);
    const Seen seen = race(below, Breakage::none, method);
    CHECK(seen.failed_processes == 0);
    CHECK(seen.reads > 1'000);
    CHECK(seen.mixtures == 0);
    CHECK(seen.backwards == 0);
    CHECK(seen.missing == 0);
  }
}

TEST_CASE("snapshots among writers are whole versions in ascending order") { check_clean(CommitMethod::automatic); }

TEST_CASE("snapshots among writers that rename are whole versions in ascending order") {
  check_clean(CommitMethod::rename_only);
}

TEST_CASE("a snapshot does not wait for a locked session") {
  const TemporaryDirectory directory;
  const Store store = Store::open(directory / "store", {.create = true});
  Session session = store.create();
  session.set("a", 1);
  REQUIRE(session.commit());
  session.set("a", 2);  // locked, not committed
  const auto snapshot = store.snapshot(session.key());
  REQUIRE(snapshot);
  CHECK(snapshot->get<int>("a") == 1);
}

}  // namespace
}  // namespace sess::test
