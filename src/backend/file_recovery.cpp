// Recovery and quarantine: what happens to a record that does not verify (PROTOCOL.md, "Recovery").
#include "backend/file_store.hpp"
#include "backend/stamp.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sess::backend {

using Kind = format::QuarantineName::Kind;

void FileStore::load_spare(const SessionKey& key, const sys::FileStatus& damaged_status,
                           std::span<const std::byte> damaged, Loaded& loaded) const {
  const auto name = format::spare_name(key);
  // Read without its lock: only the holder of the record's lock writes to the spare, and that is this thread.
  const auto spare = shards_.open_file(name.c_str(), sys::OpenMode::read);
  if (!spare) return;
  const sys::FileStatus status = shards_.status(*spare, name.c_str());
  std::vector<std::byte> content;
  shards_.read(*spare, name.c_str(), size_to_read(status.size), content);
  std::string why;
  auto version = verified_version(content, key, status.modified, shards_.path_of(name.c_str()), why);
  if (!version) return;

  // The generation rule holds for what is recovered: later than anything that was ever seen of this record.
  const std::uint64_t known = version->header.generation;
  std::uint64_t highest = std::max({known, generation_by_digits(known, digits_of(damaged_status.modified)),
                                    generation_by_digits(known, digits_of(status.modified))});
  if (const auto claimed = format::claimed_generation(damaged, key))
    highest = std::max(highest, plausible_generation(known, *claimed));
  ++highest;
  version->header.generation = highest;
  // The damaged file's mtime may be the later deadline: who was active last keeps the session.
  version->deadline =
      std::min(std::max(version->deadline, deadline_of(damaged_status.modified)), version->header.absolute_deadline);
  version->header.deadline = version->deadline;
  loaded.version = std::move(version);
  loaded.highest_generation = highest;
}

void FileStore::repair(const SessionKey& key, const fs::FileLock& lock, const Loaded& loaded) const {
  if (loaded.damage.empty()) {
    if (loaded.unsettled) restore(key, lock, *loaded.version);
  } else if (loaded.version) {
    mark_spare(key, *loaded.version);
    try {
      restore(key, lock, *loaded.version);
    } catch (const IoError&) {
      // Readable, perhaps, and perhaps not on disk: it must not be taken for good while the spare still is.
      system().truncate(lock.file().get(), 0);
      throw;
    }
    report(Event::Kind::recovered, key, fmt::format("{}: restored from its previous version", loaded.damage));
  } else {
    set_aside(key, loaded.damage);
  }
}

void FileStore::set_aside(const SessionKey& key, const std::string& damage) const {
  quarantine(key);
  report(Event::Kind::quarantined, key, fmt::format("{}: moved to quarantine", damage));
}

// Writing to the record sets its times, and with them go the deadline of its last renewal and the generation digits of
// the version that is lost. If the writing is cut short the next recovery finds both in the times of the spare.
void FileStore::mark_spare(const SessionKey& key, const Version& version) const {
  const auto name = format::spare_name(key);
  const auto spare = shards_.open_file(name.c_str(), sys::OpenMode::read);
  if (!spare) return;  // somebody has removed it by hand: what was read of it is restored
  const int answer = system().set_times(spare->get(), stamp(version.deadline, version.header.generation));
  if (answer < 0) fs::throw_io("set times of", shards_.path_of(name.c_str()), answer);
}

// The version is written into the record's file itself, under the lock on it. No inode is needed and no name changes; a
// file that the power cut left empty needs its blocks. Nothing is lost if it is cut short: before the last byte the
// record does not verify, and is restored again from the spare; after it the times still say that it is not settled,
// and whoever locks it next writes it once more (and does not only sync it: a sync that has failed before would answer
// 0).
void FileStore::restore(const SessionKey& key, const fs::FileLock& lock, const Version& version) const {
  const auto name = format::record_name(key);
  std::vector<std::byte> record;
  format::encode_record(version.header, version.payload, options_.format, record);
  shards_.write(lock.file(), name.c_str(), record);
  int answer = system().truncate(lock.file().get(), record.size());
  if (answer < 0) fs::throw_io("truncate", shards_.path_of(name.c_str()), answer);
  // At every durability level: the next commit overwrites the spare, until now the only good copy.
  answer = system().sync_data(lock.file().get());
  if (answer < 0) fs::throw_io("sync", shards_.path_of(name.c_str()), answer);
  answer = system().set_times(lock.file().get(), stamp(version.deadline, version.header.generation));
  if (answer < 0) fs::throw_io("set times of", shards_.path_of(name.c_str()), answer);
}

// Nobody reads such files any more, so they may have two names until they are replaced. What has a second one already
// was kept before, by somebody who did not come to replace it, or is in a backup.
void FileStore::keep_aside(const SessionKey& key) const {
  constexpr int attempts = 8;
  const fs::Directory aside = top_.open_child(format::quarantine_directory);
  const auto keep = [&](const format::ShortName& from, Kind kind) {
    const auto status = shards_.status(from.c_str());
    if (!status || status->links > 1) return;
    int answer = -EEXIST;
    for (int attempt = 0; attempt < attempts && answer == -EEXIST; ++attempt)
      answer = system().link(shards_.descriptor(), from.c_str(), aside.descriptor(),
                             format::quarantine_name({key, kind, random_number()}).c_str());
    // Without hard links: what it said of the sessions is known from these.
    const bool none = answer == -EPERM || answer == -EOPNOTSUPP || answer == -ENOSYS;
    if (answer < 0 && answer != -ENOENT && !none) fs::throw_io("quarantine", shards_.path_of(from.c_str()), answer);
  };
  keep(format::spare_name(key), Kind::spare);
  keep(format::record_name(key), Kind::record);
}

void FileStore::quarantine(const SessionKey& key) const {
  const fs::Directory aside = top_.open_child(format::quarantine_directory);
  const std::uint64_t number = random_number();
  const auto move = [&](const format::ShortName& from, Kind kind) {
    const std::string to = format::quarantine_name({key, kind, number});
    const int answer =
        system().rename(shards_.descriptor(), from.c_str(), aside.descriptor(), to.c_str(), sys::RenameMode::replace);
    if (answer < 0 && answer != -ENOENT) fs::throw_io("quarantine", shards_.path_of(from.c_str()), answer);
  };
  // The spare first: a name that is absent must not have a spare.
  move(format::spare_name(key), Kind::spare);
  move(format::record_name(key), Kind::record);
}

}  // namespace sess::backend
