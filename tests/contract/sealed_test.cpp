// Sealed sessions: on disk there is nothing of their values, and whoever has the ID works with them as with any other.
// (Every case of this folder that runs in each world runs with sealed sessions as well.)
#include "fake_store.hpp"
#include "format/header.hpp"
#include "format/names.hpp"
#include "format/sealing.hpp"
#include "support/events.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view marker = "correct horse battery staple";

struct Fixture : FakeStore {
  Fixture() : FakeStore({.sealed = true}) {}
  Store plain = open_store(system, path, {});

  SessionId marked(const Store& by, const CreateOptions& options = {}) const {
    return make_session(by, {{std::string(marker), std::string(marker)}, {"n", 1}}, options);
  }
  bool marker_is_on_disk() const {
    const auto wanted = std::as_bytes(std::span(marker));
    return std::ranges::any_of(files_in(""), [&](const std::string& file) {
      const auto content = system->content(file);
      return !std::ranges::search(content, wanted).empty();
    });
  }
  format::Header header(const SessionKey& key) const {
    return std::get<format::Header>(format::verify_record(system->content(record(key)), key));
  }
};

TEST_CASE_FIXTURE(Fixture, "nothing on disk holds a value of a sealed session, whatever becomes of it") {
  CHECK((marked(plain), marker_is_on_disk()));  // the search finds what is there
  REQUIRE(plain.gc({.clock_hold = 0ms}).complete);
  plain.list([&](const SessionEntry& entry) { return plain.destroy(entry.key).ok(); });
  REQUIRE_FALSE(marker_is_on_disk());

  const SessionId id = marked(store);
  CHECK_FALSE(marker_is_on_disk());
  for (int i = 0; i < 3; ++i) REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
  CHECK_FALSE(marker_is_on_disk());
  Changes changes = store.snapshot(id)->edit();
  changes.append("list", std::string(marker));
  REQUIRE(store.merge(changes, {.scrub = true}));
  CHECK_FALSE(marker_is_on_disk());
  // A commit that failed half-way, and one that was killed: what they leave in the spare and in temp files.
  for (const Call call : {Call::write, Call::set_times, Call::rename}) {
    system->fail(call, 1, EIO);
    CHECK_THROWS_AS(static_cast<void>(store.update(id, [](Editor& editor) { editor.add("n", 1); })), IoError);
    CHECK_FALSE(marker_is_on_disk());
  }
  const SessionId next = store.lock(id)->regenerate()->id().value();
  CHECK_FALSE(marker_is_on_disk());
  REQUIRE(store.lock(next)->supersede());
  CHECK_FALSE(marker_is_on_disk());
  CHECK(store.snapshot(next).outcome() == Outcome::superseded);
  CHECK(store.snapshot(next)->get<std::string>(marker) == marker);

  const SessionId expiring = marked(store, {.idle_timeout = 1s});
  system->advance(2s);
  Editor first;
  first.set("text", std::string(marker));
  const SessionId successor = store.succeed(expiring, first).value();
  CHECK(store.snapshot(successor)->get<std::string>("text") == marker);
  Editor second;
  second.set("text", std::string(marker) + "!");
  CHECK(store.succeed(expiring, second).value() == successor);
  CHECK(store.snapshot(successor)->get<std::string>("text") == std::string(marker) + "!");
  CHECK_FALSE(marker_is_on_disk());
}

TEST_CASE_FIXTURE(Fixture, "a copy of a store and its keyring without the IDs has facts and no values") {
  const SessionId id = marked(store, {.kind = SessionKind::authenticated, .principal = "ann"});
  const auto thief = std::make_shared<FakeSystem>(system->image());
  const Store copy = open_store(thief, path, {});
  int seen = 0;
  copy.list([&](const SessionEntry& entry) {
    ++seen;
    CHECK(entry.key == id.key());
    CHECK(entry.facts.sealed);
    CHECK_THROWS_AS(static_cast<void>(copy.snapshot(entry.key)), SealedRecord);
    CHECK_THROWS_AS(static_cast<void>(copy.lock(entry.key)), SealedRecord);
    CHECK_THROWS_AS(static_cast<void>(copy.update(entry.key, [](Editor&) { FAIL("it has values"); })), SealedRecord);
    return true;
  });
  CHECK(seen == 1);
  // The lock went with the exception.
  CHECK(copy.lock(id, {.timeout = 0ms}));
  // Nor with another ID of the same keyring.
  const SessionId other = make_session(copy, {});
  std::vector<std::byte> content = thief->content(record(id.key()));
  const auto at = content.begin() + 56;  // the key, src/FORMAT.md
  std::ranges::transform(other.key().bytes(), at, [](std::uint8_t byte) { return std::byte{byte}; });
  format::Header header = this->header(id.key());
  header.key = other.key();
  std::vector<std::byte> forged;
  format::encode_record(header, std::span(content).subspan(format::header_size), format::newest_format, forged);
  thief->set_content(record(other.key()), forged);
  static_cast<void>(copy.gc({.dry_run = true}));
  CHECK_THROWS_AS(static_cast<void>(copy.lock(other)), CorruptRecord);
}

TEST_CASE_FIXTURE(Fixture, "what needs no values works on a sealed session by its key alone") {
  const SessionId id = marked(store, {.kind = SessionKind::authenticated, .principal = "ann"});
  const Result<SessionFacts> facts = plain.facts_of(id.key());
  REQUIRE(facts);
  CHECK(facts->sealed);
  CHECK(facts->kind == SessionKind::authenticated);
  CHECK(facts->generation == 1);
  system->advance(10min);
  CHECK(plain.touch(id.key()).ok());
  CHECK(plain.facts_of(id.key())->deadline > facts->deadline);
  CHECK(plain.find(id.key().to_string().substr(0, 6), 2) == std::vector{id.key()});
  REQUIRE(plain.sessions_of("ann")->size() == 1);
  CHECK((*plain.sessions_of("ann"))[0].facts.sealed);
  // A damaged record is recovered without it.
  REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
  system->set_content(record(id.key()), {});
  CHECK(plain.facts_of(id.key())->generation > 2);
  CHECK(store.snapshot(id)->get<std::string>(marker) == marker);
  CHECK(plain.destroy_principal("ann").ok());
  CHECK(plain.facts_of(id.key()).outcome() == Outcome::absent);
  const SessionId other = marked(store);
  CHECK(plain.destroy(other.key()).ok());
  const SessionId expiring = marked(store, {.idle_timeout = 1s});
  system->advance(2s);
  CHECK(plain.facts_of(expiring.key()).outcome() == Outcome::expired);
  CHECK(plain.gc().expired == 1);
}

TEST_CASE_FIXTURE(Fixture, "a session stays what it was made as until it gets a new ID, and never becomes less") {
  const SessionId open = marked(plain);
  REQUIRE(store.update(open, [](Editor& editor) { editor.add("n", 1); }));
  CHECK_FALSE(header(open.key()).sealed);
  CHECK(store.snapshot(open.key())->get<int>("n") == 2);
  const auto now_sealed = store.lock(open)->regenerate();
  CHECK(now_sealed->facts().sealed);
  CHECK(now_sealed->get<int>("n") == 2);

  const SessionId sealed = marked(store);
  REQUIRE(plain.update(sealed, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(header(sealed.key()).sealed);
  const SessionId next = plain.lock(sealed)->regenerate()->id().value();
  CHECK(header(next.key()).sealed);
  CHECK(plain.snapshot(next)->get<int>("n") == 2);
  // Frozen as it was, under its own key.
  CHECK(header(sealed.key()).sealed);
  CHECK(plain.snapshot(sealed)->get<int>("n") == 2);
}

TEST_CASE_FIXTURE(Fixture, "merges of a sealed session conflict and combine like any other's") {
  const SessionId id = marked(store);
  Changes one = store.snapshot(id)->edit(), two = one, three = one;
  one.add("n", 1);
  two.add("n", 10);
  CHECK(three.get<int>("n") == 1);
  three.set("n", 100);
  CHECK(store.merge(one).ok());
  CHECK(store.merge(two).ok());
  CHECK(store.merge(three) == Outcome::conflict);
  CHECK(store.snapshot(id)->get<int>("n") == 12);
  // Changes that do not know the ID cannot be applied.
  const Snapshot seen = store.snapshot(id).value();
  Changes nameless = Snapshot(seen.key(), seen.facts(), seen.shared_values()).edit();
  nameless.add("n", 1);
  CHECK_THROWS_AS(static_cast<void>(store.merge(nameless)), SealedRecord);
  CHECK(store.snapshot(id)->get<int>("n") == 12);
}

TEST_CASE_FIXTURE(Fixture,
                  "what changes nothing writes nothing, sealed or not, and each version has a nonce of its own") {
  const SessionId id = marked(store);
  const auto before = system->content(record(id.key()));
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 1); }));
  REQUIRE(store.lock(id)->commit());
  CHECK(system->content(record(id.key())) == before);
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 2); }));
  REQUIRE(store.update(id, [](Editor& editor) { editor.set("n", 1); }));
  const auto after = system->content(record(id.key()));
  REQUIRE(after.size() == before.size());
  CHECK_FALSE(std::ranges::equal(std::span(before).subspan(128, 24), std::span(after).subspan(128, 24)));
}

TEST_CASE_FIXTURE(Fixture, "the size limit counts what a program stores, sealed or not") {
  const Store small = open_store(system, path, {.sealed = true, .size_limit = 100});
  Session session = small.create();
  session.set("a", std::string(95, 'x'));  // 1 for the count, 2 for the name, 2 for type and length
  CHECK(session.commit().ok());
  session.set("a", std::string(96, 'x'));
  try {
    static_cast<void>(session.commit());
    FAIL("it fits");
  } catch (const TooLarge& error) {
    CHECK(error.size() == 101);
    CHECK(error.limit() == 100);
  }
}

TEST_CASE_FIXTURE(Fixture, "a seal that does not fit under a checksum that does is corrupt, and left as it is") {
  ToldEvents told;
  store = open_store(system, path, {.sealed = true, .on_event = told.listener()});
  const SessionId id = marked(store);
  told.take();
  const auto good = system->content(record(id.key()));
  std::mt19937 chance(7);
  for (int i = 0; i < 300; ++i) {
    std::vector<std::byte> payload(good.begin() + format::header_size, good.end());
    switch (i % 3) {
      case 0:
        payload[chance() % payload.size()] ^= static_cast<std::byte>(1 << chance() % 8);
        break;
      case 1:
        payload.resize(chance() % payload.size());
        break;
      default:
        payload.resize(chance() % 5000);
        for (std::byte& byte : payload) byte = static_cast<std::byte>(chance());
    }
    format::Header forged = header(id.key());
    std::vector<std::byte> bytes;
    format::encode_record(forged, payload, format::newest_format, bytes);
    system->set_content(record(id.key()), bytes);
    CHECK_THROWS_AS(static_cast<void>(store.snapshot(id)), CorruptRecord);
    CHECK_THROWS_AS(static_cast<void>(store.lock(id)), CorruptRecord);
    CHECK(store.facts_of(id.key()));
    CHECK(system->content(record(id.key())) == bytes);
    system->set_content(record(id.key()), good);
  }
  CHECK(told.take().empty());
  CHECK(store.snapshot(id)->get<std::string>(marker) == marker);
}

TEST_CASE_FIXTURE(Fixture,
                  "changes of a sealed session are not written where somebody has put an open one in its place") {
  const SessionId id = marked(store);
  Changes changes = store.snapshot(id)->edit();
  changes.set("text", std::string(marker));
  format::Header forged = header(id.key());
  forged.sealed = false;
  std::vector<std::byte> bytes;
  format::encode_record(forged, std::vector<std::byte>{std::byte{0}}, format::newest_format, bytes);
  system->set_content(record(id.key()), bytes);
  CHECK_THROWS_AS(static_cast<void>(store.merge(changes)), CorruptRecord);
  CHECK_FALSE(marker_is_on_disk());
}

TEST_CASE_FIXTURE(Fixture, "without chance for a nonce nothing is written") {
  const SessionId id = marked(store);
  Session session = store.lock(id).value();
  session.set("n", 2);
  system->fail(Call::random, 1, EIO);
  CHECK_THROWS_AS(static_cast<void>(session.commit()), IoError);
  session.rollback();
  CHECK(session.get<int>("n") == 1);
  session.set("n", 3);
  CHECK(session.commit().ok());
}

}  // namespace
}  // namespace sess::test
