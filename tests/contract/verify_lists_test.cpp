// Verify and the lists of principals: who is missing in one, and who has ended.
#include "contract/damaged_store.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace sess::test {
namespace {

using namespace std::chrono_literals;
using Kind = Finding::Kind;
using Severity = Finding::Severity;
using Remedy = Finding::Remedy;

TEST_CASE_FIXTURE(DamagedStore, "a list that names sessions which have ended is a note") {
  const SessionKey kept = log_in("ann");
  const SessionKey ended = log_in("ann");
  CHECK(findings_of(store).empty());
  REQUIRE(store.destroy(ended).ok());
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::stale_entry);
  CHECK(finding.severity == Severity::note);
  CHECK(finding.principal);
  CHECK(finding.what == "it names 1 session that ended");
  CHECK(store.snapshot(kept));
}

TEST_CASE_FIXTURE(DamagedStore, "a list that is being written to is not looked through for sessions that ended") {
  static_cast<void>(log_in("ann"));
  REQUIRE(store.destroy(log_in("ann")).ok());
  const int descriptor = system->open(sys::working_directory, list().c_str(), sys::OpenMode::read_write);
  REQUIRE(system->try_lock(descriptor) == 0);  // as a login does that has entered its session and not made it yet
  CHECK(findings_of(store).empty());
  system->close(descriptor);
}

TEST_CASE_FIXTURE(DamagedStore, "a list that lacks a live session is an error") {
  const SessionKey first = log_in("ann");
  const auto before = system->content(list());
  const sys::FileTime times = system->look(list()).modified;
  const SessionKey second = log_in("ann");
  system->set_content(list(), before);
  system->set_modified(list(), times);
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::missing_entry);
  CHECK(finding.severity == Severity::error);
  CHECK(finding.remedy == Remedy::mend);
  CHECK(finding.key == second);
  system->advance(25h);  // no session of hers lives
  CHECK(findings_of(store).empty());
  CHECK(first != second);
}

TEST_CASE_FIXTURE(DamagedStore, "a list that does not verify is an error, and the sessions in it are not") {
  static_cast<void>(log_in("ann"));
  flip(list());
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::checksum);
  CHECK(finding.remedy == Remedy::mend);
  CHECK(finding.principal);
  CHECK_FALSE(finding.key);
}

TEST_CASE_FIXTURE(DamagedStore, "a long list is not taken to lack anybody") {
  for (int n = 0; n < 70; ++n) static_cast<void>(log_in("ann"));
  CHECK(findings_of(store).empty());
  CHECK(findings_of(store, 4).empty());
}

}  // namespace
}  // namespace sess::test
