#include "backend/file_record.hpp"

#include "backend/stamp.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace sess::backend {

namespace {
// Each failed attempt lost its temp file to a sweep that came minutes late: more than a few are no chance.
constexpr int attempt_limit = 8;
}  // namespace

FileRecord::FileRecord(const FileStore& store, fs::FileLock lock, Version version, std::uint64_t highest_generation)
    : store_(store),
      lock_(std::move(lock)),
      version_(std::move(version)),
      highest_generation_(std::max(highest_generation, version_.header.generation)) {}

void FileRecord::check_usable() const {
  if (!lock_) throw UsageError("use session: it has been released");
  if (!lock_.own()) throw UsageError("use session: it was locked by the process that forked this one");
}

Outcome FileRecord::commit(const NewVersion& next) {
  check_usable();
  const SessionKey& key = version_.header.key;
  const auto record = format::record_name(key);
  const auto spare = format::spare_name(key);
  const auto shard = format::shard_of(key);
  // The end of a session must not be undone by a power cut, nor by a recovery from the version before.
  const bool ends = next.header.state != format::RecordState::live;
  bool spare_only = false;
  std::exception_ptr no_space;
  int failed_sync = 0;
  for (int attempt = 1;; ++attempt) {
    fs::Replacement replacement(store_.shards_, {record.c_str(), spare.c_str(), store_.temporary_names(key)}, lock_,
                                {.exchange = store_.options_.exchange,
                                 .durable = next.durable || ends,
                                 .start_writeback = store_.options_.early_writeback,
                                 .scrub = next.scrub,
                                 .drop = ends,
                                 .sync_all = store_.options_.forgets_synced_removals,
                                 .spare_only = spare_only,
                                 .directory_name = shard.c_str(),
                                 .head = format::header_size});
    try {
      replacement.prepare(fs::Deadline::after(store_.system(), store_.options_.lock_timeout));
      const int sync_answer = commit_by(replacement, next);
      if (sync_answer == 0) return Outcome::ok;
      if (!next.or_throw) return Outcome::durability_unknown;
      failed_sync = sync_answer;
      break;
    } catch (const IoError& error) {
      if (no_space && fs::out_of_space(error.error_number())) std::rethrow_exception(no_space);
      if (!lock_ || attempt == attempt_limit || replacement.reuses_spare()) throw;
      if (fs::out_of_space(error.error_number())) {
        spare_only = true;  // a temp file needs space; the spare has it already
        no_space = std::current_exception();
      } else if (error.error_number() != ENOENT) {
        throw;
      }
    }
  }
  fs::throw_io("sync directory", store_.shards_.path_of(shard.c_str()), failed_sync);
}

/// 0, or what a sync answered that failed after the version had taken effect.
int FileRecord::commit_by(fs::Replacement& replacement, const NewVersion& next) {
  // Everything that allocates comes before the exchange: after it there is nothing left that could throw.
  const std::int64_t deadline = std::max(next.header.deadline, next.later_deadline);
  Version version{next.header, {next.payload.begin(), next.payload.end()}, deadline};
  version.header.key = version_.header.key;
  version.header.generation = next_generation(replacement);
  version.header.payload_size = static_cast<std::uint32_t>(next.payload.size());
  std::vector<std::byte> record;
  format::encode_record(version.header, next.payload, store_.options_.format, record);
  replacement.write(record);
  // Before the exchange: a sweep judges by mtime as soon as the name means the new file.
  replacement.set_times(stamp(version.deadline, version.header.generation));
  const int sync_answer = replacement.publish();
  version_ = std::move(version);
  highest_generation_ = version_.header.generation;
  return sync_answer;
}

/// The generation rule: one more than any trace of this record names. A writer that was killed between its write
/// and its exchange has left a record in the spare; if its generation were given out again, a reader that saw
/// that record would take it for the committed one.
std::uint64_t FileRecord::next_generation(const fs::Replacement& replacement) const {
  std::vector<std::byte> beginning;
  sys::FileTime modified;
  if (replacement.reuses_spare()) {
    replacement.read(format::header_size, beginning);
    modified = replacement.status().modified;
  } else {
    // Busy, or with a second link: read without its lock, as nobody writes to it but the holder of this record's.
    const auto name = format::spare_name(version_.header.key);
    const auto spare = store_.shards_.open_file(name.c_str(), sys::OpenMode::read);
    if (!spare) return highest_generation_ + 1;
    modified = store_.shards_.status(*spare, name.c_str()).modified;
    store_.shards_.read(*spare, name.c_str(), format::header_size, beginning);
  }
  std::uint64_t highest = std::max(highest_generation_, generation_by_digits(highest_generation_, digits_of(modified)));
  if (const auto claimed = format::claimed_generation(beginning, version_.header.key))
    highest = std::max(highest, plausible_generation(highest_generation_, *claimed));
  return highest + 1;
}

Outcome FileRecord::sync() {
  check_usable();
  if (store_.system().sync_data(lock_.file().get()) < 0) return Outcome::durability_unknown;
  return store_.sync_shard(version_.header.key);
}

void FileRecord::set_deadline(std::int64_t deadline) {
  check_usable();
  const auto record = format::record_name(version_.header.key);
  // Digits kept: the version is the same.
  const int answer = store_.system().set_times(lock_.file().get(), stamp(deadline, version_.header.generation));
  if (answer < 0) fs::throw_io("set times of", store_.shards_.path_of(record.c_str()), answer);
  version_.deadline = deadline;
}

Outcome FileRecord::destroy() {
  check_usable();
  // The spare first: a name that is absent must not have a spare, or recovery could bring the session back.
  store_.shards_.unlink(format::spare_name(version_.header.key).c_str());
  store_.shards_.unlink(format::record_name(version_.header.key).c_str());
  // At every durability level: without it destroyed sessions come back after a power cut.
  const Outcome outcome = store_.sync_removal(version_.header.key);
  release();
  return outcome;
}

}  // namespace sess::backend
