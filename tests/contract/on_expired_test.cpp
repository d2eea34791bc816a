// GcOptions::on_expired: what a sweep gives away before it removes it.
#include "contract/fake_store.hpp"
#include "format/header.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;

struct Expiring : FakeStore {
  std::vector<SessionCopy> given;
  GcOptions options{.on_expired = [this](const SessionCopy& copy) { given.push_back(copy); }};
  void outlive() const { system->advance(store.options().idle_timeout + 1s); }
};

TEST_CASE_FIXTURE(Expiring, "each session that has expired is given away with its values, and removed") {
  const SessionId id = make_session(store, {{"cart", Value("tea")}});
  make_session(store, {{"cart", Value("milk")}});
  outlive();
  const SessionId live = make_session(store, {{"cart", Value("bread")}});
  const GcReport report = store.gc(options);
  CHECK(report.expired == 2);
  REQUIRE(given.size() == 2);
  const SessionCopy& copy = given[0].key == id.key() ? given[0] : given[1];
  CHECK(copy.key == id.key());
  CHECK(copy.values == Values{{"cart", Value("tea")}});
  CHECK(store.snapshot(live));
  CHECK(store.gc(options).expired == 0);
  CHECK(given.size() == 2);
}

TEST_CASE_FIXTURE(Expiring, "a session that ends otherwise is not given away") {
  const SessionId destroyed = make_session(store, {{"n", 1}});
  REQUIRE(store.destroy(destroyed).ok());
  {
    Session session = store.lock(make_session(store, {{"n", 1}})).value();
    const SessionKey next = session.regenerate()->key();
    session.release();
    REQUIRE(store.destroy(next).ok());
  }
  outlive();
  CHECK(store.gc(options).expired == 1);  // what the earlier ID has left
  CHECK(given.empty());
}

TEST_CASE_FIXTURE(Expiring, "what refuses a session ends the sweep, and the session is given again") {
  for (int session = 0; session < 3; ++session) make_session(store, {{"n", session}});
  outlive();
  int calls = 0;
  options.on_expired = [&](const SessionCopy&) {
    if (++calls == 2) throw std::runtime_error("full");
  };
  CHECK_THROWS_WITH(store.gc(options), "full");
  CHECK(calls == 2);
  options.on_expired = [&](const SessionCopy& copy) { given.push_back(copy); };
  CHECK(store.gc(options).expired == 2);
  CHECK(given.size() == 2);
}

TEST_CASE_FIXTURE(Expiring, "an I/O error of what takes the sessions comes out of the sweep as well") {
  make_session(store, {{"n", 1}});
  outlive();
  options.on_expired = [](const SessionCopy&) { throw IoError("write", "elsewhere", ENOSPC); };
  CHECK_THROWS_AS(store.gc(options), IoError);
  CHECK(store.gc().expired == 1);
}

TEST_CASE_FIXTURE(Expiring, "values that cannot be decoded are not given away, and stay") {
  const SessionKey key = make_session(store, {{"n", 1}}).key();
  // A record that verifies, and whose payload is something else.
  auto content = system->content(record(key));
  const auto header = std::get<format::Header>(format::verify_record(content, key));
  const std::vector<std::byte> payload{std::byte{1}, std::byte{1}, std::byte{'a'}, std::byte{99}};
  format::encode_record(header, payload, format::newest_format, content);
  system->set_content(record(key), content);
  outlive();
  const GcReport report = store.gc(options);
  CHECK(report.expired == 0);
  CHECK(report.unreadable == 1);
  CHECK(given.empty());
  CHECK(store.gc().expired == 1);
}

TEST_CASE_FIXTURE(Expiring, "a dry run gives nothing away") {
  make_session(store, {{"n", 1}});
  outlive();
  options.dry_run = true;
  CHECK(store.gc(options).expired == 1);
  CHECK(given.empty());
}

}  // namespace
}  // namespace sess::test
