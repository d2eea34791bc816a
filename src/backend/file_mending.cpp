// Mending: what an examination has found, put right under the locks of the protocol, by what is there then.
#include "backend/file_examination.hpp"
#include "backend/file_setup.hpp"
#include "backend/file_store.hpp"
#include "backend/setup_lock.hpp"
#include "backend/stamp.hpp"
#include "format/gc_state.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

using Kind = Finding::Kind;
using Action = Repaired::Action;

constexpr std::string_view done_or_would(bool dry_run) { return dry_run ? "would be" : "was"; }

}  // namespace

class Mending {
 public:
  Mending(const FileStore& store, bool dry_run) : store_(store), dry_run_(dry_run), is_(done_or_would(dry_run)) {}

  std::optional<Mended> run(const Finding& finding) const {
    const SessionKey key = finding.key.value_or(finding.principal.value_or(SessionKey()));
    switch (finding.kind) {
      case Kind::checksum:
      case Kind::wrong_key:
      case Kind::times:
      case Kind::deadline:
        return mend_record(finding, key);
      case Kind::orphan_temp:
      case Kind::orphan_spare:
        return remove_leftover(finding, key);
      case Kind::mode:
        return set_mode(finding.file);
      case Kind::missing:
        return make_missing(finding.file);
      case Kind::payload:
        if (finding.file == format::gc_file) return write_gc_file();
        return Mended{Action::left, {}};
      default:
        return Mended{Action::left, {}};
    }
  }

 private:
  const fs::Directory& shards() const { return store_.shards_; }
  const fs::Directory& top() const { return store_.top_; }

  /// With what the next examination would say of it: times that were lost are set to the latest that its version
  /// permits, and nobody knows whether that is too late.
  Mended with_rest(Mended mended, const Finding& finding, const Version& version, std::int64_t deadline) const {
    const std::int64_t now = store_.now();
    if (store_.is_index() || !is_beyond_renewal(version.header, deadline, now)) return mended;
    Finding subject;
    subject.key = finding.key;
    subject.file = finding.file;
    mended.rest = told_of_clock(std::move(subject), version.header, deadline, now);
    return mended;
  }

  std::optional<Mended> mend_record(const Finding& finding, const SessionKey& key) const {
    const auto name = format::record_name(key);
    const auto deadline = fs::Deadline::after(store_.system(), store_.options_.lock_timeout);
    const fs::Acquisition acquired = fs::acquire(shards(), name.c_str(), deadline);
    if (acquired.outcome == fs::Acquisition::Outcome::absent) return std::nullopt;
    if (acquired.outcome == fs::Acquisition::Outcome::busy)
      fs::throw_io("lock", shards().path_of(name.view()), -EWOULDBLOCK);
    if (acquired.status.owner != store_.system().user())
      return Mended{Action::left, fmt::format("it belongs to user {}", acquired.status.owner)};
    const FileStore::Loaded loaded = store_.load(key, acquired.lock.file(), acquired.status);
    if (!loaded.damage.empty()) {
      Mended mended = mend_damage(key, acquired, loaded);
      if (!loaded.version) return mended;
      return with_rest(std::move(mended), finding, *loaded.version, loaded.version->deadline);
    }
    if (loaded.unsettled) {
      if (!dry_run_) store_.repair(key, acquired.lock, loaded);
      Mended mended{Action::mended, fmt::format("its times {} set to those of its version", dry_run_ ? is_ : "were")};
      return with_rest(std::move(mended), finding, *loaded.version, loaded.version->deadline);
    }
    return mend_deadline(finding, key, acquired, *loaded.version);
  }

  Mended mend_damage(const SessionKey& key, const fs::Acquisition& acquired, const FileStore::Loaded& loaded) const {
    const bool is_list = store_.is_index();
    if (!loaded.version && !is_list) {
      if (!dry_run_) store_.repair(key, acquired.lock, loaded);
      return {Action::quarantined,
              fmt::format("it {} moved to quarantine{}", is_, dry_run_ ? "" : "; the session is gone")};
    }
    // What is restored is written into the file, and the next versions of a list into its spare.
    const bool has_bytes = acquired.status.size > 0;
    // Of a list without a version before it both files are kept by who locks it to make it again.
    const bool is_kept_by_lock = is_list && !loaded.version;
    if (!dry_run_ && has_bytes && !is_kept_by_lock) store_.keep_copy(key, acquired.lock.file(), acquired.status);
    if (!dry_run_ && !is_list) store_.repair(key, acquired.lock, loaded);
    const std::string_view kept = has_bytes ? "; the damaged bytes are kept in quarantine" : "";
    return {Action::mended, is_list ? fmt::format("it {} made again from the sessions{}", is_, kept)
                                    : fmt::format("it {} restored from its previous version{}", is_, kept)};
  }

  std::optional<Mended> mend_deadline(const Finding& finding, const SessionKey& key, const fs::Acquisition& acquired,
                                      const Version& version) const {
    const DeadlineRange range = deadlines_of(version.header);
    const std::int64_t found = deadline_of(acquired.status.modified);
    if (range.permits(found)) return std::nullopt;
    const std::int64_t right = std::clamp(found, range.earliest, range.latest);
    if (!dry_run_) {
      // Digits kept: the version is the same.
      const int answer = store_.system().set_times(acquired.lock.file().get(), stamp(right, version.header.generation));
      if (answer < 0) fs::throw_io("set times of", shards().path_of(format::record_name(key).view()), answer);
    }
    Mended mended{Action::mended, fmt::format("its deadline {} moved by {} s", is_, (right - found) / 1000)};
    return with_rest(std::move(mended), finding, version, right);
  }

  std::optional<Mended> remove_leftover(const Finding& finding, const SessionKey& key) const {
    const std::string directory = std::string(store_.options_.directory) + "/";
    // In quarantine: a copy that is not whole, and of which nobody knows.
    if (!finding.file.starts_with(directory)) {
      if (!dry_run_) top().unlink(finding.file.c_str());
      return Mended{Action::removed, fmt::format("it {} removed", is_)};
    }
    const std::string path = finding.file.substr(directory.size());
    const auto owner = format::record_name(key);
    const bool is_spare = finding.kind == Kind::orphan_spare;
    switch (store_.remove_leftover(path, is_spare ? owner.c_str() : nullptr, store_.now(), dry_run_)) {
      case FileStore::Leftover::removed:
        return Mended{Action::removed, fmt::format("it {} removed", is_)};
      case FileStore::Leftover::young:
        return Mended{Action::left, "it is not ten minutes old"};
      case FileStore::Leftover::in_use:
        break;
    }
    return std::nullopt;
  }

  std::optional<Mended> set_mode(const std::string& file) const {
    const char* const path = file.empty() ? "." : file.c_str();
    const auto status = top().status(path);
    if (!status || status->type == sys::FileType::other) return std::nullopt;
    const std::uint32_t mode = right_mode(status->type);
    if (!dry_run_) {
      const int answer = store_.system().set_mode(top().descriptor(), path, mode);
      if (answer < 0) fs::throw_io("set permissions of", top().path_of(file), answer);
    }
    return Mended{Action::mended, fmt::format("its permissions {} set to {:04o}", dry_run_ ? is_ : "were", mode)};
  }

  std::optional<Mended> make_missing(const std::string& file) const {
    if (file == format::principals_directory)
      return Mended{Action::mended, fmt::format("it {} made again from the sessions", is_), true};
    if (!dry_run_) {
      const fs::FileLock lock = lock_for_setup(top());
      if (file == format::gc_file) {
        make_gc_file(top());
      } else {
        if (top().status(file.c_str())) return std::nullopt;
        top().make_directory(file.c_str());
        const std::size_t slash = file.rfind('/');
        if (slash == std::string::npos)
          top().sync();
        else
          top().sync_child(file.substr(0, slash).c_str());
      }
    }
    return Mended{Action::mended, fmt::format("it {} made", is_)};
  }

  std::optional<Mended> write_gc_file() const {
    auto opened = fs::open_lockable(top(), format::gc_file);
    if (!opened) return std::nullopt;
    if (!opened->lock.try_lock(top(), format::gc_file)) return std::nullopt;  // the sweeper that has it writes it
    if (format::is_gc_state(top().read_text(format::gc_file).value_or(""))) return std::nullopt;
    if (!dry_run_) write_new_gc_state(top(), opened->lock);
    return Mended{Action::mended, fmt::format("it {} written again, as if there had been no sweep yet", is_)};
  }

  const FileStore& store_;
  bool dry_run_;
  std::string_view is_;
};

std::optional<Mended> FileStore::mend(const Finding& finding, bool dry_run) const {
  return Mending(*this, dry_run).run(finding);
}

// Under a name of its own first: what is in quarantine is whole. The record's lock is held, so nobody changes it.
void FileStore::keep_copy(const SessionKey& key, const sys::UniqueFd& file, const sys::FileStatus& status) const {
  const auto record = format::record_name(key);
  if (status.size > format::header_size + std::uint64_t{format::payload_limit})
    fs::throw_io("keep a copy of", shards_.path_of(record.view()), -EFBIG);
  std::vector<std::byte> content;
  shards_.read(file, record.c_str(), static_cast<std::size_t>(status.size), content);
  const fs::Directory aside = top_.open_child(format::quarantine_directory);
  format::QuarantineName kept{.key = key, .kind = format::QuarantineName::Kind::copy, .number = random_number()};
  const std::string name = format::quarantine_name(kept);
  kept.temporary = true;
  const std::string temporary = format::quarantine_name(kept);
  const int descriptor = system().open(aside.descriptor(), temporary.c_str(), sys::OpenMode::create_exclusive);
  if (descriptor < 0) fs::throw_io("create", aside.path_of(temporary), descriptor);
  const sys::UniqueFd copy(system(), descriptor);
  try {
    aside.write(copy, temporary.c_str(), content);
    int answer = system().set_times(copy.get(), status.modified);
    if (answer == 0) answer = system().sync(copy.get());
    if (answer == 0)
      answer = system().rename(aside.descriptor(), temporary.c_str(), aside.descriptor(), name.c_str(),
                               sys::RenameMode::replace);
    if (answer < 0) fs::throw_io("keep a copy in", aside.path(), answer);
  } catch (const IoError&) {
    static_cast<void>(system().unlink(aside.descriptor(), temporary.c_str()));
    throw;
  }
  aside.sync();
}

}  // namespace sess::backend
