#include "repair_subject.hpp"

#include "format/names.hpp"
#include "store/repairing.hpp"
#include "support/store_world.hpp"
#include "sys/posix_system.hpp"
#include "sys/unique_fd.hpp"

#include <sys/stat.h>
#include <boost/filesystem.hpp>
#include <boost/filesystem/fstream.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace sess::test {

namespace {

constexpr const char* ann = "ann";
constexpr std::int64_t some_minutes = 20 * 60 * 1000;  // milliseconds; what a killed program left is old by then
constexpr std::int64_t past_the_absolute_deadline = 400 * 24 * 60 * 60;  // seconds

std::string content_of(const std::string& path) {
  boost::filesystem::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// Also its times, as whatever damages a file may do.
void write(const std::string& path, const std::string& content) {
  boost::filesystem::ofstream(path, std::ios::binary) << content;
}

/// Beyond its absolute deadline, with the digits of its version.
void set_later(const std::string& path) {
  sys::PosixSystem system;
  sys::FileStatus status;
  require(system.status_at(sys::working_directory, path.c_str(), status) == 0, "stat");
  const sys::UniqueFd file(system, system.open(sys::working_directory, path.c_str(), sys::OpenMode::read_write));
  require(system.set_times(file.get(),
                           {status.modified.seconds + past_the_absolute_deadline, status.modified.nanoseconds}) == 0,
          "set times");
}

std::vector<sess::Finding> findings_of(const Store& store) {
  std::vector<sess::Finding> findings;
  static_cast<void>(verify(store, {.jobs = 1}, [&](const sess::Finding& finding) { findings.push_back(finding); }));
  return findings;
}

}  // namespace

/// A deadline that is set to the absolute one is not further ahead than a renewal would set it, so that nothing is
/// left.
RepairSubject::RepairSubject(const std::string& below)
    : StoreSubject(below, "repair of a store",
                   {.idle_timeout = std::chrono::hours(2), .lifetime = std::chrono::hours(2)}) {}

/// The keys are the same in each run: findings come in the order of the files.
void RepairSubject::prepare() {
  clear();
  const Store store = open(0, Chance::repeatable);
  const auto make = [&] { return make_session(store, {{"n", Value(1)}}).key(); };
  recoverable_ = make();
  require(store.update(recoverable_, [](Editor& editor) { editor.set("n", 2); }).ok(), "update");
  lost_ = make();
  late_ = make();
  const auto log_in = [&] {
    return make_session(store, {{"n", Value(1)}}, {.kind = SessionKind::authenticated, .principal = ann}).key();
  };
  listed_ = log_in();
  require(store.destroy(log_in()).ok(), "destroy");  // its list names it still

  const std::string shards = path() + "/" + format::shards_directory + "/";
  damaged_.clear();
  for (const SessionKey& key : {recoverable_, lost_}) {
    std::string content = content_of(shards + record_file(key));
    content.back() = static_cast<char>(content.back() ^ 1);
    write(shards + record_file(key), content);
    damaged_.push_back(content);
  }
  set_later(shards + record_file(late_));
  ::chmod((shards + record_file(listed_)).c_str(), 0644);
  write(shards + format::temporary_name(late_, 7), "half a record");
}

std::function<void()> RepairSubject::ready() {
  const auto store = std::make_shared<const Store>(open(some_minutes));
  // What is read on the way to a finding changes nothing.
  return [store, findings = findings_of(*store)] {
    for (const sess::Finding& finding : findings)
      for (const Repaired& repaired : repair_finding(*store, finding, false))
        require(repaired.action != Repaired::Action::failed, "a repair fails");
  };
}

bool RepairSubject::is_kept(const std::string& content) const {
  const std::string directory = path() + "/" + format::quarantine_directory + "/";
  return std::ranges::any_of(files_below(directory), [&](const std::string& file) {
    return !file.ends_with(".temp") && content_of(directory + file) == content;
  });
}

bool RepairSubject::judge(const Store&) const {
  const Store store = open(some_minutes);
  const bool took_effect = findings_of(store).empty();
  static_cast<void>(repair(store, {.jobs = 1}, [](const Repaired& repaired) {
    require(repaired.action != Repaired::Action::failed, "the next repair fails");
  }));
  // A copy that is not whole is young yet.
  for (const sess::Finding& finding : findings_of(store))
    require(finding.severity == sess::Finding::Severity::note, "the next repair leaves something");
  require(store.snapshot(recoverable_).has_value(), "a session with a previous version is lost");
  require(store.snapshot(recoverable_)->get<int>("n") == 1, "a session is restored to what it was not");
  require(store.snapshot(lost_).outcome() == Outcome::absent, "a session comes from nowhere");
  require(store.snapshot(late_).has_value() && store.snapshot(listed_).has_value(), "a session is lost");
  require(store.sessions_of(ann)->size() == 1, "a list lacks a session");
  for (const std::string& content : damaged_) require(is_kept(content), "damaged bytes are lost");
  return took_effect;
}

}  // namespace sess::test
