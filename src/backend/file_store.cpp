#include "backend/file_store.hpp"

#include "backend/file_record.hpp"
#include "backend/stamp.hpp"
#include "format/names.hpp"
#include "fs/creation.hpp"
#include "fs/io_error.hpp"
#include "fs/waiting_room.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace sess::backend {

namespace {

// A reader that meets a commit in each of so many reads asks for the lock instead.
constexpr int snapshot_attempts = 64;

/// A pipe or a device has no bytes of its own: what is read of it says nothing of a version that was lost, and what is
/// written does not stay. A directory cannot be read, which is told by the system.
void require_bytes(const sys::FileStatus& status, const fs::Directory& shards, const format::ShortName& name) {
  if (status.type == sys::FileType::other)
    throw CorruptRecord(shards.path_of(name.view()), "it is a pipe, a device or the like, where a file should be");
}

}  // namespace

FileStore::FileStore(fs::Directory top, FileStoreOptions options)
    : top_(std::move(top)), shards_(top_.open_child(options.directory)), options_(std::move(options)) {}

fs::Acquisition FileStore::acquire(const SessionKey& key, std::chrono::nanoseconds timeout) const {
  const fs::WaitingRoom room{&top_, format::waiters_file, format::first_waiter_of(key), options_.waiter_limit};
  return fs::acquire(shards_, format::record_name(key).c_str(), fs::Deadline::after(system(), timeout), &room);
}

std::int64_t FileStore::now() const { return system().wall_clock(); }

void FileStore::random(std::span<std::byte> buffer) const {
  const int answer = system().random(buffer);
  if (answer < 0) fs::throw_io("read random bytes for", top_.path(), answer);
}

std::uint64_t FileStore::random_number() const {
  std::array<std::byte, sizeof(std::uint64_t)> bytes;
  random(bytes);
  std::uint64_t number = 0;
  for (const std::byte byte : bytes) number = number << 8 | std::to_integer<std::uint64_t>(byte);
  return number;
}

std::function<std::string()> FileStore::temporary_names(const SessionKey& key) const {
  return [this, key] { return format::temporary_name(key, random_number()); };
}

void FileStore::report(Event::Kind kind, const SessionKey& key, const std::string& detail, int holder) const noexcept {
  tell(options_.events.get(), [&] {
    Event event{.kind = kind, .holder = holder, .detail = detail};
    (is_index() ? event.principal : event.key) = key;
    return event;
  });
}

void FileStore::report_timeout(const SessionKey& key, std::chrono::nanoseconds timeout, int holder) const noexcept {
  if (timeout > std::chrono::nanoseconds::zero()) report(Event::Kind::lock_timeout, key, {}, holder);
}

std::size_t size_to_read(std::uint64_t size) {
  constexpr std::uint64_t limit = format::header_size + std::uint64_t{format::payload_limit};
  return size > limit ? format::header_size : static_cast<std::size_t>(size);
}

std::optional<Version> verified_version(std::span<const std::byte> file, const SessionKey& key, sys::FileTime modified,
                                        const std::string& path, std::string& why) {
  auto verified = format::verify_record(file, key);
  if (auto* unverified = std::get_if<format::Unverified>(&verified)) {
    if (unverified->kind == format::Unverified::Kind::foreign) throw UnsupportedRecord(path, unverified->why);
    why = std::move(unverified->why);
    return std::nullopt;
  }
  const auto& header = std::get<format::Header>(verified);
  const auto payload = file.subspan(format::header_size);
  // A session lives until the later of the two deadlines, and never past the absolute one.
  const std::int64_t deadline = std::min(std::max(header.deadline, deadline_of(modified)), header.absolute_deadline);
  return Version{header, {payload.begin(), payload.end()}, deadline};
}

std::optional<ReadResult> FileStore::read_unlocked(const SessionKey& key, std::string& why) const {
  const auto name = format::record_name(key);
  std::vector<std::byte> content;
  for (int attempt = 0; attempt < snapshot_attempts; ++attempt) {
    const auto file = shards_.open_file(name.c_str(), sys::OpenMode::read);
    if (!file) return ReadResult{Outcome::absent};
    sys::FileStatus before;
    try {
      before = shards_.status(*file, name.c_str());
      if (!is_index()) require_bytes(before, shards_, name);
      shards_.read(*file, name.c_str(), size_to_read(before.size), content);
    } catch (const IoError& error) {
      if (error.error_number() != ESTALE || attempt + 1 == snapshot_attempts) throw;
      continue;  // another client of a network file system has removed the file under this reader
    }
    // The file stays open until after this look at the name: its inode cannot be given to another one meanwhile.
    const auto after = shards_.status(name.c_str());
    if (!after || after->identity != before.identity || after->modified != before.modified) {
      why = "it changes faster than it can be read";
      continue;
    }
    if (auto version = verified_version(content, key, before.modified, shards_.path_of(name.c_str()), why)) {
      if (stamped(*version, before.modified)) return ReadResult{Outcome::ok, std::move(*version)};
      why = "its modification time is not that of its version";
    }
  }
  return std::nullopt;
}

bool FileStore::stamped(const Version& version, sys::FileTime modified) const {
  return !options_.nanoseconds || digits_of(modified) == version.header.generation % digits_range;
}

ReadResult FileStore::read(const SessionKey& key) const {
  ReadResult result = read(key, options_.lock_timeout);
  if (result.outcome == Outcome::busy) report_timeout(key, options_.lock_timeout, result.holder);
  return result;
}

ReadResult FileStore::read(const SessionKey& key, std::chrono::nanoseconds timeout) const {
  std::string why;
  if (auto result = read_unlocked(key, why)) return std::move(*result);
  fs::Acquisition acquired;
  try {
    acquired = acquire(key, timeout);
  } catch (const IoError& error) {
    if (error.error_number() == EROFS) return read_only(key);
    throw;
  }
  if (acquired.outcome == fs::Acquisition::Outcome::absent) return {Outcome::absent};
  if (acquired.outcome == fs::Acquisition::Outcome::busy) return {Outcome::busy, {}, acquired.holder};
  Loaded loaded = load(key, acquired.lock.file(), acquired.status);
  if (is_index() && !loaded.damage.empty())
    return {Outcome::ok, std::move(loaded.version).value_or(Version{}), 0, true};
  try {
    repair(key, acquired.lock, loaded);
  } catch (const IoError&) {
    // A reader needs no repair: on a full disk the version is read, and stays to be recovered by who writes next.
    if (!loaded.version) throw;
  }
  if (!loaded.version) return {Outcome::absent};
  return {Outcome::ok, std::move(*loaded.version)};
}

ReadResult FileStore::read_only(const SessionKey& key) const {
  const auto name = format::record_name(key);
  const auto file = shards_.open_file(name.c_str(), sys::OpenMode::read);
  if (!file) return {Outcome::absent};
  // Nobody writes here, so nothing changes between the two files.
  Loaded loaded = load(key, *file, shards_.status(*file, name.c_str()));
  if (is_index() && !loaded.damage.empty())
    return {Outcome::ok, std::move(loaded.version).value_or(Version{}), 0, true};
  if (!loaded.version) throw CorruptRecord(shards_.path_of(name.c_str()), loaded.damage);
  return {Outcome::ok, std::move(*loaded.version)};
}

LockResult FileStore::lock(const SessionKey& key, std::chrono::nanoseconds timeout) const {
  fs::Acquisition acquired = acquire(key, timeout);
  if (acquired.outcome == fs::Acquisition::Outcome::absent) return {Outcome::absent};
  if (acquired.outcome == fs::Acquisition::Outcome::busy) {
    report_timeout(key, timeout, acquired.holder);
    return {Outcome::busy, nullptr, acquired.holder};
  }
  Loaded loaded = load(key, acquired.lock.file(), acquired.status);
  const bool damaged = is_index() && !loaded.damage.empty();
  if (damaged) {
    if (!loaded.version) keep_aside(key);
    report(Event::Kind::recovered, key, loaded.damage + ": to be made again from the sessions");
    if (!loaded.version) loaded.version.emplace().header.key = key;
  } else {
    repair(key, acquired.lock, loaded);
  }
  if (!loaded.version) return {Outcome::absent};
  // A superseded or forward record has no use for its predecessor; one beside it is left by a killed writer.
  if (loaded.version->header.state != format::RecordState::live) shards_.unlink(format::spare_name(key).c_str());
  return {Outcome::ok,
          std::make_unique<FileRecord>(*this, std::move(acquired.lock), std::move(*loaded.version),
                                       loaded.highest_generation),
          0, damaged};
}

FileStore::Loaded FileStore::load(const SessionKey& key, const sys::UniqueFd& file,
                                  const sys::FileStatus& status) const {
  const auto name = format::record_name(key);
  // A list is made again, and takes its place.
  if (!is_index()) require_bytes(status, shards_, name);
  std::vector<std::byte> content;
  shards_.read(file, name.c_str(), size_to_read(status.size), content);
  Loaded loaded;
  loaded.version = verified_version(content, key, status.modified, shards_.path_of(name.c_str()), loaded.damage);
  if (loaded.version) {
    const std::uint64_t known = loaded.version->header.generation;
    loaded.highest_generation = std::max(known, generation_by_digits(known, digits_of(status.modified)));
    loaded.unsettled = !stamped(*loaded.version, status.modified);
  } else {
    load_spare(key, status, content, loaded);
    if (!loaded.version) {
      // Of what is to be written in its place, if anything is.
      loaded.highest_generation = generation_by_digits(0, digits_of(status.modified));
      if (const auto claimed = format::claimed_generation(content, key))
        loaded.highest_generation = std::max(loaded.highest_generation, plausible_generation(0, *claimed));
    }
  }
  return loaded;
}

RemoveResult FileStore::remove(const SessionKey& key, std::chrono::nanoseconds timeout, bool with_successor) const {
  const auto name = format::record_name(key);
  fs::Acquisition acquired = acquire(key, timeout);
  if (acquired.outcome == fs::Acquisition::Outcome::busy) {
    report_timeout(key, timeout, acquired.holder);
    return {Outcome::busy, acquired.holder};
  }
  if (acquired.outcome == fs::Acquisition::Outcome::absent) {
    // Somebody else's removal, perhaps of a program that was killed before its sync: who is told of it may rely on it.
    return {sync_removal(key) == Outcome::ok ? Outcome::absent : Outcome::durability_unknown};
  }
  const Loaded loaded = load(key, acquired.lock.file(), acquired.status);
  if (!loaded.version) {
    repair(key, acquired.lock, loaded);
    return {sync_removal(key) == Outcome::ok ? Outcome::absent : Outcome::durability_unknown};
  }
  const SessionKey& successor = loaded.version->header.successor;
  // Also past its deadline, until it is swept: better one logout too many than a session that outlives its own.
  if (successor != SessionKey() && !with_successor) return {Outcome::superseded, 0, successor};
  // Without repair: it is not worth a write, for which there may be no space.
  // The spare first: a name that is absent must not have a spare, or recovery could bring the session back.
  shards_.unlink(format::spare_name(key).c_str());
  const bool removed = shards_.unlink(name.c_str());
  const Outcome outcome = sync_removal(key);
  acquired.lock.release();
  // A record of another state is not a session any more: its end has been told.
  const format::Header& ended = loaded.version->header;
  if (removed && ended.state == format::RecordState::live)
    tell(options_.events.get(), [&] { return event_about(Event::Kind::destroyed, ended, outcome); });
  return {outcome};
}

Outcome FileStore::sync_shard(const SessionKey& key) const {
  try {
    shards_.sync_child(format::shard_of(key).c_str());
    return Outcome::ok;
  } catch (const IoError&) {
    return Outcome::durability_unknown;
  } catch (const std::bad_alloc&) {
    return Outcome::durability_unknown;
  }
}

Outcome FileStore::sync_removal(const SessionKey& key) const {
  if (!options_.forgets_synced_removals) return sync_shard(key);
  try {
    // By a descriptor of its own: one that is long open is told of every write that has failed since (syncfs(2)).
    top_.again().sync_file_system();
    return Outcome::ok;
  } catch (const IoError&) {
    return Outcome::durability_unknown;
  } catch (const std::bad_alloc&) {
    return Outcome::durability_unknown;
  }
}

// By the descriptor that has been open since before what is to be on disk was written: it is told of its errors.
void FileStore::sync_all() const { top_.sync_file_system(); }

std::unique_ptr<LockedRecord> FileStore::create(const NewVersion& first, Outcome& outcome) const {
  const SessionKey& key = first.header.key;
  Version version{first.header, {first.payload.begin(), first.payload.end()}, first.header.deadline};
  const std::uint64_t generation = first.first_generation;
  version.header.generation = generation;
  version.header.payload_size = static_cast<std::uint32_t>(first.payload.size());
  std::vector<std::byte> record;
  format::encode_record(version.header, first.payload, options_.format, record);
  const auto name = format::record_name(key);
  const auto shard = format::shard_of(key);
  if (is_index()) make_shard(key);
  // Made before the file appears: nothing may fail after that.
  auto locked = std::make_unique<FileRecord>(*this, fs::FileLock(), std::move(version), generation);
  auto created =
      fs::create_locked(shards_, name.c_str(), temporary_names(key), record, stamp(first.header.deadline, generation),
                        {options_.no_replace, first.durable, options_.early_writeback, shard.c_str()});
  if (!created) return nullptr;
  if (created->sync_error != 0 && first.or_throw)
    fs::throw_io("sync directory", shards_.path_of(shard.c_str()), created->sync_error);
  outcome = created->sync_error == 0 ? Outcome::ok : Outcome::durability_unknown;
  locked->hold(std::move(created->lock));
  return locked;
}

}  // namespace sess::backend
