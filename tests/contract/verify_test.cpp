// Verify finds what is wrong, says of what kind it is, and changes nothing.
#include "contract/damaged_store.hpp"
#include "fs/file_lock.hpp"
#include "support/forwarding_system.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {
namespace {

using namespace std::chrono_literals;
using Kind = Finding::Kind;
using Severity = Finding::Severity;
using Remedy = Finding::Remedy;

/// All that a program could see of a tree.
std::map<std::string, std::pair<std::vector<std::byte>, sys::FileStatus>> tree(const FakeStore& fake) {
  std::map<std::string, std::pair<std::vector<std::byte>, sys::FileStatus>> files;
  for (const std::string& name : fake.system->names_below(FakeStore::path)) {
    const std::string path = FakeStore::in_store(name.ends_with('/') ? name.substr(0, name.size() - 1) : name);
    files[name] = {name.ends_with('/') ? std::vector<std::byte>() : fake.system->content(path),
                   fake.system->look(path)};
  }
  return files;
}

bool same(const sys::FileStatus& left, const sys::FileStatus& right) {
  return left.identity == right.identity && left.mode == right.mode && left.owner == right.owner &&
         left.links == right.links && left.size == right.size && left.modified == right.modified &&
         left.changed == right.changed;
}

TEST_CASE("a store in which nothing is wrong has no finding, whatever its sessions are") {
  in_each_world([](StoreWorld& world) {
    const Store store = world.open();
    CHECK(findings_of(store).empty());
    const SessionId id = make_session(store, {{"a", 1}});
    for (int n = 0; n < 3; ++n) REQUIRE(store.update(id, [&](Editor& editor) { editor.set("n", n); }));
    const SessionId ann = make_session(store, {{"a", 1}}, {.kind = SessionKind::authenticated, .principal = "ann"});
    REQUIRE(store.lock(ann)->regenerate().outcome() == Outcome::ok);
    REQUIRE(store.lock(id)->regenerate({.leads_from = id}).outcome() == Outcome::ok);
    world.advance(std::chrono::minutes(1));
    static_cast<void>(store.touch(id.key()));
    CHECK(findings_of(store).empty());
    CHECK(findings_of(store, 3).empty());
    world.advance(std::chrono::hours(24));  // expired, and not swept
    CHECK(findings_of(store).empty());
    const SessionId swept = make_session(store, {});
    world.advance(std::chrono::hours(24));
    REQUIRE(store.succeed(swept, Editor()).outcome() == Outcome::ok);  // makes a forward record
    CHECK(findings_of(store).empty());
    REQUIRE(store.gc().errors == 0);
    CHECK(findings_of(store).empty());
  });
}

TEST_CASE_FIXTURE(DamagedStore, "a record that does not verify is a finding, and stays as it is") {
  const SessionKey key = make();
  flip(record(key));
  const auto before = tree(*this);
  Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::checksum);
  CHECK(finding.severity == Severity::error);
  CHECK(finding.remedy == Remedy::quarantine);
  CHECK(finding.key == key);
  CHECK(finding.file == relative(record(key)));
  CHECK(finding.what == "wrong checksum; there is no previous version that verifies");
  const auto after = tree(*this);
  REQUIRE(after.size() == before.size());
  for (const auto& [name, file] : before) {
    const std::string& changed = name;
    CAPTURE(changed);
    CHECK(after.at(name).first == file.first);
    CHECK(same(after.at(name).second, file.second));
  }
  system->set_content(record(key), {});
  CHECK(finding_of(store).what.starts_with("the file is empty"));
}

TEST_CASE_FIXTURE(DamagedStore, "a damaged record says whether its previous version is there") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  CHECK(finding_of(store).remedy == Remedy::mend);
  CHECK(finding_of(store).what == "wrong checksum; its previous version verifies");
  flip(spare(key));
  CHECK(finding_of(store).remedy == Remedy::quarantine);
}

TEST_CASE_FIXTURE(DamagedStore, "a spare that does not verify is none") {
  const SessionKey key = make_with_spare();
  flip(spare(key));
  CHECK(findings_of(store).empty());
}

TEST_CASE_FIXTURE(DamagedStore, "a record of another session is a finding of its own kind") {
  const SessionKey key = make();
  const SessionKey other = make();
  const auto content = system->content(record(other));
  system->set_content(record(key), content);
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::wrong_key);
  CHECK(finding.key == key);
  CHECK(finding.what.find(other.to_string()) != std::string::npos);
}

TEST_CASE_FIXTURE(DamagedStore, "a record of a newer format is left alone, and said to be") {
  const SessionKey key = make();
  auto content = system->content(record(key));
  content[8] = std::byte{9};  // the format version (src/FORMAT.md)
  system->set_content(record(key), content);
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::newer_format);
  CHECK(finding.remedy == Remedy::none);
  CHECK_FALSE(finding.advice.empty());
  CHECK(finding.file == relative(record(key)));
}

TEST_CASE_FIXTURE(DamagedStore, "values that cannot be decoded are a finding, though the record verifies") {
  const SessionKey key = make();
  auto content = system->content(record(key));
  const auto header = std::get<format::Header>(format::verify_record(content, key));
  const std::vector<std::byte> payload{std::byte{1}, std::byte{1}, std::byte{'a'}, std::byte{99}};
  format::encode_record(header, payload, format::newest_format, content);
  system->set_content(record(key), content);
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::payload);
  CHECK(finding.key == key);
  CHECK(finding.remedy == Remedy::none);
}

TEST_CASE_FIXTURE(DamagedStore, "times that are not those of the version are a finding") {
  const SessionKey key = make();
  sys::FileTime time = system->look(record(key)).modified;
  ++time.nanoseconds;
  system->set_modified(record(key), time);
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::times);
  CHECK(finding.remedy == Remedy::mend);
}

TEST_CASE_FIXTURE(DamagedStore,
                  "a deadline that cannot be, or that a clock has set wrong, is a finding, to the minute") {
  const SessionKey key = make();
  const sys::FileTime right = system->look(record(key)).modified;
  const auto moved = [&](std::int64_t seconds) {
    sys::FileTime time = right;
    time.seconds += seconds;
    system->set_modified(record(key), time);
  };
  moved(59);
  CHECK(findings_of(store).empty());
  moved(62);
  CHECK(finding_of(store).kind == Kind::deadline);
  CHECK(finding_of(store).what == "its deadline is 62 s later than a renewal by the clock of now would set");
  CHECK(finding_of(store).remedy == Remedy::none);
  CHECK_FALSE(finding_of(store).advice.empty());
  moved(-59);
  CHECK(findings_of(store).empty());
  moved(-62);
  CHECK(finding_of(store).what == "its deadline is 62 s earlier than that of its version");
  moved(24 * 60 * 60);
  CHECK(finding_of(store).kind == Kind::deadline);
  system->advance(store.options().lifetime - 1min);  // the absolute deadline is a minute off
  CHECK(finding_of(store).what.ends_with("later than its absolute one"));
  CHECK(finding_of(store).remedy == Remedy::mend);
}

TEST_CASE_FIXTURE(DamagedStore, "an index that cannot be opened is a finding, and everything else is looked at") {
  static_cast<void>(log_in("ann"));
  const SessionKey key = make();
  flip(record(key));
  REQUIRE(system->rename(sys::working_directory, in_store("principals").c_str(), sys::working_directory, "/srv/away",
                         sys::RenameMode::replace) == 0);
  system->set_text(in_store("principals"), "x");
  for (const auto& found : {findings_of(store), findings_of(store, 3)}) {
    REQUIRE(found.size() == 2);
    CHECK(found.front().kind == Kind::file_type);
    CHECK(found.front().file == "principals");
    CHECK(found.back().key == key);
  }
}

TEST_CASE_FIXTURE(DamagedStore, "files of another user, and with other permissions, are findings") {
  const SessionKey key = make();
  system->set_owner_and_mode(record(key), system->user() + 1, 0600);
  CHECK(finding_of(store).kind == Kind::owner);
  CHECK(finding_of(store).remedy == Remedy::none);
  CHECK_FALSE(finding_of(store).advice.empty());
  system->set_owner_and_mode(record(key), system->user(), 0644);
  CHECK(finding_of(store).kind == Kind::mode);
  CHECK(finding_of(store).severity == Severity::warning);
  CHECK(finding_of(store).what == "its permissions are 0644 and should be 0600");
  system->set_owner_and_mode(record(key), system->user(), 0400);
  CHECK(finding_of(store).severity == Severity::error);
  system->set_owner_and_mode(record(key), system->user(), 0600);
  for (const char* name : {"keys", "store", "gc"}) {
    system->set_owner_and_mode(in_store(name), system->user(), 0640);
    CHECK(finding_of(store).file == name);
    CHECK(finding_of(store).kind == Kind::mode);
    system->set_owner_and_mode(in_store(name), system->user(), 0600);
  }
  for (const char* name : {"shards", "shards/07", "principals", "quarantine"}) {
    system->set_owner_and_mode(in_store(name), system->user(), 02700);  // setgid is handed down
    CHECK(findings_of(store).empty());
    system->set_owner_and_mode(in_store(name), system->user(), 0750);
    CHECK(finding_of(store).file == name);
    system->set_owner_and_mode(in_store(name), system->user(), 0700);
  }
}

TEST_CASE_FIXTURE(DamagedStore, "what is in the place of a file and is none is a finding, and not opened") {
  const std::string name = std::string("shards/07/07") + std::string(38, '0');
  system->make_directory(sys::working_directory, in_store(name).c_str());
  const Finding finding = finding_of(store);
  CHECK(finding.kind == Kind::file_type);
  CHECK(finding.file == name);
  system->make_directory(sys::working_directory, in_store(name + "~").c_str());
  CHECK(findings_of(store).size() == 2);
}

TEST_CASE_FIXTURE(DamagedStore, "names that libsess does not write are findings, wherever they are") {
  const std::string misplaced = "shards/00/07" + std::string(38, '0');
  std::vector<std::string> names{"core",    "principals/README", "quarantine/notes",
                                 misplaced, "shards/00/.nfs",    "shards/x"};
  for (const std::string& name : names) system->set_text(in_store(name), "x");
  std::vector<std::string> found;
  for (const Finding& finding : findings_of(store)) {
    CHECK(finding.kind == Kind::foreign_file);
    CHECK(finding.severity == Severity::warning);
    CHECK(finding.remedy == Remedy::none);
    found.push_back(finding.file);
    if (finding.file == misplaced) CHECK(finding.what.ends_with("whose place is the directory 07"));
  }
  std::ranges::sort(found);
  std::ranges::sort(names);
  CHECK(found == names);
}

TEST_CASE_FIXTURE(DamagedStore, "parts of the store that are missing are findings") {
  system->unlink(sys::working_directory, in_store("gc").c_str());
  CHECK(finding_of(store).kind == Kind::missing);
  CHECK(finding_of(store).file == "gc");
}

TEST_CASE_FIXTURE(DamagedStore, "what sweeps remember and cannot be understood is a note, until the next sweep") {
  CHECK(findings_of(store).empty());
  for (const std::string& text : {std::string(), std::string("nonsense"), std::string(8192, 'x')}) {
    system->set_text(in_store("gc"), text);
    const Finding finding = finding_of(store);
    CHECK(finding.kind == Kind::payload);
    CHECK(finding.severity == Severity::note);
    CHECK(finding.file == "gc");
    REQUIRE(store.gc().complete);
    CHECK(findings_of(store).empty());
  }
  // Whoever has the lock is writing it.
  system->set_text(in_store("gc"), "nonsense");
  const fs::Directory top = fs::Directory::open(*system, FakeStore::path);
  auto sweeper = fs::open_lockable(top, "gc");
  REQUIRE(sweeper->lock.try_lock(top, "gc"));
  CHECK(findings_of(store).empty());
}

TEST_CASE_FIXTURE(DamagedStore, "what a killed program has left is a note, once it is old") {
  const SessionKey key = make();
  const std::string temporary = in_store("shards/" + format::temporary_name(key, 7));
  system->set_text(temporary, "half");
  CHECK(findings_of(store).empty());
  system->advance(11min);
  CHECK(finding_of(store).kind == Kind::orphan_temp);
  CHECK(finding_of(store).severity == Severity::note);
  CHECK(finding_of(store).file == relative(temporary));
  const int descriptor = system->open(sys::working_directory, temporary.c_str(), sys::OpenMode::read_write);
  REQUIRE(system->try_lock(descriptor) == 0);  // in use, whatever its age
  CHECK(findings_of(store).empty());
  system->close(descriptor);
}

TEST_CASE_FIXTURE(DamagedStore, "a spare of a session that is not there is a note at first, and then a warning") {
  const SessionKey key = make_with_spare();
  system->unlink(sys::working_directory, record(key).c_str());
  CHECK(finding_of(store).kind == Kind::orphan_spare);
  CHECK(finding_of(store).severity == Severity::note);
  system->advance(11min);
  CHECK(finding_of(store).severity == Severity::warning);
}

TEST_CASE_FIXTURE(DamagedStore, "a directory that cannot be read is said to be, in a sentence") {
  make();
  system->fail({.call = Call::open, .error = EACCES, .repeat = Repeat::for_good, .path = "shards/07"});
  bool is_told = false;
  for (const Finding& finding : findings_of(store))
    if (finding.file == "shards/07") is_told = finding.what.starts_with("cannot open it: ");
  CHECK(is_told);
}

TEST_CASE_FIXTURE(DamagedStore, "a file that cannot be read is said to be, and all others are read") {
  const SessionKey key = make();
  const SessionKey other = make();
  flip(record(other));
  system->fail({.call = Call::open, .error = EACCES, .repeat = Repeat::for_good, .path = key.to_string()});
  const auto findings = findings_of(store);
  REQUIRE(findings.size() == 2);
  const Finding& unread = findings[findings[0].key == key ? 0 : 1];
  CHECK(unread.kind == Kind::unreadable);
  CHECK(unread.error_number == EACCES);
  CHECK(unread.file == relative(record(key)));
  CHECK(findings[findings[0].key == key ? 1 : 0].kind == Kind::checksum);
}

/// A file system that was remounted after an error.
class ReadOnlySystem final : public ForwardingSystem {
 public:
  using ForwardingSystem::ForwardingSystem;
  int open(int directory, const char* path, sys::OpenMode mode) override {
    const bool writes = mode == sys::OpenMode::read_write || mode == sys::OpenMode::create_exclusive;
    return writes ? -EROFS : ForwardingSystem::open(directory, path, mode);
  }
};

TEST_CASE_FIXTURE(DamagedStore, "a store on a read-only file system is verified like any other") {
  const SessionKey key = make_with_spare();
  flip(record(key));
  static_cast<void>(log_in("ann"));
  REQUIRE(store.destroy(log_in("ann")).ok());
  const Store read_only = open_store(std::make_shared<ReadOnlySystem>(system), path, {.probe = false});
  const auto findings = findings_of(read_only);
  REQUIRE(findings.size() == 1);  // whether a login enters a session just now cannot be told there
  CHECK(findings.front().kind == Kind::checksum);
  CHECK(findings.front().remedy == Remedy::mend);
  const auto all = [&] {
    std::vector<Repaired> repaired;
    static_cast<void>(repair(read_only, {}, [&](const Repaired& each) { repaired.push_back(each); }));
    return repaired;
  }();
  REQUIRE(all.size() == 1);
  CHECK(all.front().action == Repaired::Action::failed);
  CHECK(all.front().error_number == EROFS);
}

TEST_CASE("a damaged record that is locked cannot be judged") {
  DamagedStore damaged({.lock_timeout = 0ms});
  const SessionKey key = damaged.make();
  damaged.flip(DamagedStore::record(key));
  const int descriptor =
      damaged.system->open(sys::working_directory, DamagedStore::record(key).c_str(), sys::OpenMode::read_write);
  REQUIRE(damaged.system->try_lock(descriptor) == 0);
  CHECK(finding_of(damaged.store).kind == Kind::busy);
  damaged.system->close(descriptor);
  CHECK(finding_of(damaged.store).kind == Kind::checksum);
}

TEST_CASE_FIXTURE(DamagedStore, "findings come in the order of the files, by however many threads") {
  std::vector<std::string> files;
  for (int n = 0; n < 40; ++n) {
    const std::string file = record(make());
    flip(file);
    files.push_back(relative(file));
  }
  std::ranges::sort(files);
  for (const unsigned jobs : {1U, 3U, 8U}) {
    std::vector<std::string> found;
    for (const Finding& finding : findings_of(store, jobs)) found.push_back(finding.file);
    CHECK(found == files);
  }
}

TEST_CASE_FIXTURE(DamagedStore, "what is counted is what there is") {
  const SessionKey key = make_with_spare();
  static_cast<void>(log_in("ann"));
  flip(record(make()));
  system->set_owner_and_mode(record(key), system->user(), 0644);
  system->set_text(in_store("quarantine/" + format::quarantine_name({key, format::QuarantineName::Kind::record, 1})),
                   "x");
  system->set_text(in_store("quarantine/" + format::quarantine_name({key, format::QuarantineName::Kind::spare, 1})),
                   "x");
  const VerifyReport report = verify(store, {}, [](const Finding&) {});
  CHECK(report.records == 3);
  CHECK(report.bytes > 3 * 128);
  CHECK(report.principals == 1);
  CHECK(report.quarantined == 1);
  CHECK(report.errors == 1);
  CHECK(report.warnings == 1);
  CHECK(report.notes == 0);
  CHECK(report.unread == 0);
}

TEST_CASE_FIXTURE(DamagedStore, "what the visitor throws ends verify, and all its threads") {
  for (int n = 0; n < 10; ++n) flip(record(make()));
  const auto verify_by = [&](unsigned jobs) {
    static_cast<void>(verify(store, {.jobs = jobs}, [](const Finding&) { throw std::runtime_error("enough"); }));
  };
  CHECK_THROWS_WITH(verify_by(1), "enough");
  CHECK_THROWS_WITH(verify_by(4), "enough");
  CHECK(system->leaks().locks.empty());
}

}  // namespace
}  // namespace sess::test
