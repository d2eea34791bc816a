// Examination of records: every file of a shard, read as a snapshot is. What does not verify that way, or changes
// faster than it can be read, is judged under its lock: so nothing that is under way is taken for damage. Changes
// nothing.
#include "backend/file_examination.hpp"

#include "backend/file_store.hpp"
#include "backend/stamp.hpp"
#include "format/names.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

using Kind = Finding::Kind;
using Severity = Finding::Severity;
using Remedy = Finding::Remedy;

class FileHold final : public Hold {
 public:
  explicit FileHold(fs::FileLock lock) : lock_(std::move(lock)) {}

 private:
  fs::FileLock lock_;
};

}  // namespace

class Examination {
 public:
  Examination(const FileStore& store, const ExaminationSink& sink)
      : store_(store), sink_(sink), user_(store.system().user()) {}

  ExaminedPart run(unsigned shard) {
    const std::string name = format::shard_name(shard);
    const Finding subject = about(name);
    guarded(subject, [&] { examine_shard(shard, name, subject); });
    return part_;
  }

 private:
  const fs::Directory& shards() const { return store_.shards_; }

  Finding about(const std::string& path) const {
    Finding finding;
    finding.file = std::string(store_.options_.directory) + "/" + path;
    return finding;
  }
  Finding about(const std::string& path, const SessionKey& key) const {
    Finding finding = about(path);
    (store_.is_index() ? finding.principal : finding.key) = key;
    return finding;
  }
  void guarded(const Finding& subject, const std::function<void()>& work) const {
    examine_guarded(store_.top_.path(), subject, sink_.found, work);
  }
  void tell(Finding finding, Kind kind, Severity severity, Remedy remedy, std::string what) const {
    finding.kind = kind;
    finding.severity = severity;
    finding.remedy = remedy;
    finding.what = std::move(what);
    sink_.found(std::move(finding));
  }

  void examine_shard(unsigned shard, const std::string& name, const Finding& subject) {
    const auto status = shards().status(name.c_str());
    if (!status && store_.is_index()) return;  // made when it is needed first
    if (!status)
      return tell(subject, Kind::missing, Severity::error, Remedy::mend, "it is missing: no session can be made in it");
    if (!examine_access(*status, sys::FileType::directory, user_, subject, sink_.found)) return;
    for (const std::string& entry : names_in(shards().open_child(name.c_str()))) {
      const std::string path = name + "/" + entry;
      const auto parsed = format::parse_shard_entry(shard, entry);
      const Finding file = parsed ? about(path, parsed->key) : about(path);
      guarded(file, [&] { examine_entry(parsed, path, file); });
    }
  }

  void examine_entry(const std::optional<format::ShardEntry>& entry, const std::string& path, const Finding& subject) {
    const auto status = shards().status(path.c_str());
    if (!status) return;  // it has been removed meanwhile
    if (!entry) return examine_foreign(*status, path, subject);
    const bool is_record = entry->kind == format::ShardEntry::Kind::record;
    if (is_record) {
      ++part_.records;
      part_.bytes += status->size;
    }
    if (!examine_access(*status, sys::FileType::regular, user_, subject, sink_.found)) return;
    switch (entry->kind) {
      case format::ShardEntry::Kind::record:
        return examine_record(entry->key, path, *status, subject);
      case format::ShardEntry::Kind::spare:
        return examine_spare(entry->key, path, subject);
      case format::ShardEntry::Kind::temporary:
        return examine_temporary(path, *status, subject);
    }
  }

  void examine_foreign(const sys::FileStatus& status, const std::string& path, Finding subject) const {
    const std::string name = path.substr(path.find('/') + 1);
    const auto key = SessionKey::parse(name.substr(0, SessionKey::text_size));
    if (key && format::parse_shard_entry(key->bytes()[0], name))
      subject.what = fmt::format("a file of a record whose place is the directory {}", format::shard_of(*key).view());
    tell_of_foreign(status, std::move(subject), sink_.found);
  }

  // ---- records -------------------------------------------------------------------------------------------

  void examine_record(const SessionKey& key, const std::string& path, const sys::FileStatus& before,
                      const Finding& subject) const {
    std::string why;
    const auto read = store_.read_unlocked(key, why);
    if (read && read->outcome == Outcome::absent) return;
    // The times are those from before the reading; where they cannot be right for what was read, the lock decides.
    if (read && !wrong_deadline(read->version, before.modified) && !is_far_ahead(read->version, before.modified))
      return sink_.verified(read->version);
    judge_locked(key, path, subject);
  }

  void judge_locked(const SessionKey& key, const std::string& path, const Finding& subject) const {
    const auto deadline = fs::Deadline::after(store_.system(), store_.options_.lock_timeout);
    fs::Acquisition acquired;
    try {
      acquired = fs::acquire(shards(), path.c_str(), deadline);
    } catch (const IoError& error) {
      // Read-only: nobody writes here, so nothing changes.
      if (error.error_number() != EROFS && error.error_number() != EACCES) throw;
      const auto file = shards().open_file(path.c_str(), sys::OpenMode::read);
      if (!file) return;
      if (const auto version = judge(key, *file, shards().status(*file, path.c_str()), path, subject))
        sink_.verified(*version);
      return;
    }
    if (acquired.outcome == fs::Acquisition::Outcome::absent) return;
    if (acquired.outcome == fs::Acquisition::Outcome::locked) {
      const auto version = judge(key, acquired.lock.file(), acquired.status, path, subject);
      acquired.lock.release();
      if (version) sink_.verified(*version);
      return;
    }
    const std::string holder = acquired.holder > 0 ? fmt::format(" by process {}", acquired.holder) : "";
    Finding finding = subject;
    finding.advice = "verify once more, when nobody holds it";
    tell(std::move(finding), Kind::busy, Severity::warning, Remedy::none,
         fmt::format("it is locked{}, so that it could not be judged", holder));
  }

  /// Nobody writes to it meanwhile. Answers what verifies.
  std::optional<Version> judge(const SessionKey& key, const sys::UniqueFd& file, const sys::FileStatus& status,
                               const std::string& path, const Finding& subject) const {
    FileStore::Loaded loaded = store_.load(key, file, status);
    if (!loaded.damage.empty()) {
      tell_of_damage(loaded, file, status, path, subject);
      return std::nullopt;
    }
    if (loaded.unsettled) {
      tell(subject, Kind::times, Severity::warning, Remedy::mend,
           "its modification time is not that of its version: a recovery was cut short, or it was copied without its "
           "times");
    } else if (const auto what = wrong_deadline(*loaded.version, status.modified)) {
      tell(subject, Kind::deadline, Severity::warning, Remedy::mend, *what);
    } else if (is_far_ahead(*loaded.version, status.modified)) {
      sink_.found(told_of_clock(subject, loaded.version->header, deadline_of(status.modified), store_.now()));
    }
    return std::move(loaded.version);
  }

  void tell_of_damage(const FileStore::Loaded& loaded, const sys::UniqueFd& file, const sys::FileStatus& status,
                      const std::string& path, const Finding& subject) const {
    std::vector<std::byte> content;
    shards().read(file, path.c_str(), size_to_read(status.size), content);
    const auto other = format::verified_key(content);
    std::string what = loaded.damage;
    if (other) what = fmt::format("it is the record of session {}", other->to_string());
    if (store_.is_index()) {
      what += "; it can be made again from the sessions";
    } else {
      what += loaded.version ? "; its previous version verifies" : "; there is no previous version that verifies";
    }
    const bool is_mendable = loaded.version || store_.is_index();
    Remedy remedy = is_mendable ? Remedy::mend : Remedy::quarantine;
    if (status.owner != user_) remedy = Remedy::none;  // what becomes of it is for its owner to say
    tell(subject, other ? Kind::wrong_key : Kind::checksum, Severity::error, remedy, std::move(what));
  }

  /// Why the times of a file cannot be those of a version in it.
  static std::optional<std::string> wrong_deadline(const Version& version, sys::FileTime modified) {
    const DeadlineRange range = deadlines_of(version.header);
    const std::int64_t deadline = deadline_of(modified);
    if (range.permits(deadline)) return std::nullopt;
    if (deadline < range.earliest)
      return fmt::format("its deadline is {} s earlier than that of its version", (range.earliest - deadline) / 1000);
    return fmt::format("its deadline is {} s later than its absolute one", (deadline - range.latest) / 1000);
  }

  /// It may have been renewed by a clock that was right, while that of today is wrong.
  bool is_far_ahead(const Version& version, sys::FileTime modified) const {
    return !store_.is_index() && is_beyond_renewal(version.header, deadline_of(modified), store_.now());
  }

  // ---- what programs that were killed have left ------------------------------------------------------------

  /// Removed with its record, and before it: one that is there before and after a look for the record has none.
  void examine_spare(const SessionKey& key, const std::string& path, const Finding& subject) const {
    if (shards().status(format::record_name(key).c_str())) return;
    const auto status = shards().status(path.c_str());
    if (!status) return;
    const bool is_old = store_.now() - deadline_of(status->changed) >= leftover_age;
    tell(subject, Kind::orphan_spare, is_old ? Severity::warning : Severity::note, Remedy::mend,
         "it is the previous version of a session that is not there");
  }

  void examine_temporary(const std::string& path, const sys::FileStatus& status, const Finding& subject) const {
    if (store_.now() - deadline_of(status.changed) < leftover_age) return;
    try {
      const fs::Acquisition acquired = fs::acquire(shards(), path.c_str(), fs::Deadline::none());
      if (acquired.outcome != fs::Acquisition::Outcome::locked) return;  // in use
    } catch (const IoError& error) {
      if (error.error_number() != EROFS && error.error_number() != EACCES) throw;
    }
    tell(subject, Kind::orphan_temp, Severity::note, Remedy::mend, "a program was killed while it wrote it");
  }

  const FileStore& store_;
  const ExaminationSink& sink_;
  std::uint32_t user_;
  ExaminedPart part_;
};

unsigned FileStore::parts() const { return format::shard_count; }

ExaminedPart FileStore::examine(unsigned part, const ExaminationSink& sink) const {
  return Examination(*this, sink).run(part);
}

std::unique_ptr<Hold> FileStore::hold(const SessionKey& key, std::chrono::nanoseconds timeout) const {
  try {
    fs::Acquisition acquired = acquire(key, timeout);
    if (acquired.outcome == fs::Acquisition::Outcome::locked)
      return std::make_unique<FileHold>(std::move(acquired.lock));
  } catch (const IoError& error) {
    if (error.error_number() != EROFS) throw;  // nobody can be told to wait there
  }
  return nullptr;
}

}  // namespace sess::backend
