#include "onlooker.hpp"

#include "backend/stamp.hpp"
#include "format/header.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <variant>
#include <vector>

namespace sess::test {

namespace {

std::span<const std::byte> bytes_of(const RawFile& file) { return std::as_bytes(std::span(file.content)); }

}  // namespace

Onlooker::Onlooker(const Scene& scene, const Expected& expected)
    : scene_(scene), expected_(expected), store_(scene.open()), generation_(expected.generation) {}

Finding Onlooker::look(Look look) {
  see_files();
  if (look == Look::sweeper) sweep();
  if (look == Look::locker) {
    see("lock", by_lock(store_, scene_.session()));
    see("snapshot", by_snapshot(store_, scene_.session()));
  } else {
    see("snapshot", by_snapshot(store_, scene_.session()));
    see("lock", by_lock(store_, scene_.session()));
  }
  // What else is wrong would follow from it.
  if (!finding_.what_is_wrong.empty()) return finding_;
  // Whoever locked it has put right what a recovery that was killed had left.
  if (sight_->outcome == Outcome::ok) see_record(scene_.record());
  finding_.took_effect = expected_.before != expected_.after && *sight_ == expected_.after;
  update();
  sweep();
  check_no_stray_file();
  if (sight_->outcome == Outcome::ok) check_unswept();
  // One of the looks is enough for what each of them could do: it is the only step that waits for the disk.
  if (sight_->outcome == Outcome::ok && look == Look::locker) end();
  if (scene_.quarantined() != expected_.quarantined) wrong("quarantine does not hold what was damaged, and that alone");
  return finding_;
}

void Onlooker::see_files() {
  const RawFile record = scene_.record();
  const RawFile spare = scene_.spare();
  if (spare.exists && !record.exists && !expected_.is_orphan) wrong("there is a spare without its record");
  if (record.exists && !expected_.is_damaged) see_record(record);
}

/// What is linked at the name is a complete version, with its deadline in its times.
void Onlooker::see_record(const RawFile& record) {
  const auto verified = format::verify_record(bytes_of(record), scene_.key());
  const auto* header = std::get_if<format::Header>(&verified);
  if (header == nullptr) return wrong("the record does not verify: " + std::get<format::Unverified>(verified).why);
  if (header->sealed != expected_.is_sealed) wrong("the record is sealed and should not be, or is not and should be");
  const std::int64_t deadline = backend::deadline_of(record.status.modified);
  if (deadline < header->deadline) wrong("the record's times are not its deadline");
  if (record.status.modified != backend::stamp(deadline, header->generation))
    wrong("the record's times do not name its generation");
}

/// What is on disk when the next version is made: that one must differ from all of these.
void Onlooker::note_traces() {
  for (const RawFile& file : {scene_.record(), scene_.spare()}) {
    if (!file.exists) continue;
    stamps_.emplace(file.status.identity.inode, file.status.modified);
    if (const auto claimed = format::claimed_generation(bytes_of(file), scene_.key()))
      highest_on_disk_ = std::max(highest_on_disk_, *claimed);
  }
}

void Onlooker::see(const char* who, const Seen& seen) {
  const std::string by = std::string("a ") + who;
  if (seen.sight.outcome == Outcome::busy) return wrong(by + " finds it busy: the lock is not free");
  if (seen.sight != expected_.before && seen.sight != expected_.after)
    return wrong(by + " finds neither the old version nor the new one: " + to_string(seen.sight) + "; expected " +
                 to_string(expected_.before) + ", or " + to_string(expected_.after));
  if (sight_ && seen.sight != *sight_)
    return wrong(by + " finds " + to_string(seen.sight) + " where " + to_string(*sight_) + " had been seen");
  sight_ = seen.sight;
  if (seen.sight.outcome != Outcome::ok) return;
  if (seen.generation < generation_)
    wrong(by + " finds generation " + std::to_string(seen.generation) + " after " + std::to_string(generation_));
  generation_ = std::max(generation_, seen.generation);
}

void Onlooker::update() {
  note_traces();
  const Status updated = store_.update(scene_.session(), [](Editor& editor) { editor.set("looked", true); });
  if (updated.outcome() != sight_->outcome)
    return wrong("an update answers " + std::string(sess::to_string(updated.outcome())));
  const Seen after = by_snapshot(store_, scene_.session());
  if (sight_->outcome == Outcome::ok) {
    sight_->values.insert_or_assign("looked", Value(true));
    if (after.sight.values != sight_->values) wrong("an update changes other values");
    if (after.generation <= std::max(generation_, highest_on_disk_))
      wrong("an update gives generation " + std::to_string(after.generation) + ", and " +
            std::to_string(std::max(generation_, highest_on_disk_)) + " has been written before");
    const sys::FileStatus status = scene_.record().status;
    if (stamps_.contains({status.identity.inode, status.modified}))
      wrong("an update makes a version with the inode and times of an earlier one");
    *sight_ = after.sight;
    generation_ = after.generation;
  } else if (after.sight != *sight_) {
    wrong("an update brings the session back");
  }
}

void Onlooker::sweep() {
  GcReport report;
  if (expected_.was_sweep) {
    report = store_.gc();  // from where the killed one says
  } else {
    scene_.sweep_here_next();
    report = scene_.open({}, Pace::hasty).gc({.budget = std::chrono::milliseconds(1)});
  }
  if (!report.status.ok()) wrong("a sweep answers " + std::string(sess::to_string(report.status.outcome())));
  if (report.errors != 0) wrong("a sweep fails: " + report.first_error);
  if (report.unreadable != 0) wrong("a sweep finds a record of a newer format");
}

/// Of the session exactly its record, and perhaps its spare; or nothing.
void Onlooker::check_no_stray_file() {
  const std::vector<std::string> files = scene_.session_files();
  std::vector<std::string> right;
  if (sight_->outcome == Outcome::ok) {
    right.push_back(scene_.key().to_string());
    if (files.size() > 1) right.push_back(scene_.key().to_string() + "~");
  }
  if (files == right) return;
  std::string list;
  for (const std::string& file : files) list += " " + file;
  wrong("after a sweep these files are there:" + list);
}

void Onlooker::check_unswept() {
  if (by_snapshot(store_, scene_.session()).sight != *sight_) wrong("the sweep has changed the session");
}

void Onlooker::end() {
  if (const Status destroyed = store_.destroy(scene_.key()); !destroyed.ok())
    return wrong("a destroy answers " + std::string(sess::to_string(destroyed.outcome())));
  if (!scene_.session_files().empty()) wrong("a destroy leaves files");
  if (by_snapshot(store_, scene_.session()).sight.outcome != Outcome::absent)
    wrong("a destroyed session is still there");
}

void Onlooker::wrong(const std::string& what) {
  finding_.what_is_wrong += (finding_.what_is_wrong.empty() ? "" : "; ") + what;
}

}  // namespace sess::test
