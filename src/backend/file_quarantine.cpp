// What is in quarantine: looked at, brought back, deleted.
#include "backend/file_store.hpp"
#include "backend/stamp.hpp"
#include "format/names.hpp"
#include "fs/creation.hpp"
#include "fs/io_error.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

/// Of what is there, the largest generation that any trace of it names (PROTOCOL.md, "The generation rule").
std::uint64_t highest_generation(std::span<const std::byte> content, const SessionKey& key, sys::FileTime modified,
                                 std::uint64_t known) {
  std::uint64_t highest = generation_by_digits(known, digits_of(modified));
  if (const auto claimed = format::claimed_generation(content, key))
    highest = std::max(highest, plausible_generation(known, *claimed));
  return std::max(known, highest);
}

}  // namespace

std::vector<format::QuarantineName> FileStore::kept() const {
  std::vector<format::QuarantineName> names;
  top_.open_child(format::quarantine_directory).visit([&](const sys::DirectoryEntry& entry) {
    const auto name = format::parse_quarantine_name(entry.name);
    if (name && !name->temporary) names.push_back(*name);
    return true;
  });
  return names;
}

std::optional<std::int64_t> FileStore::kept_since(const format::QuarantineName& name) const {
  const fs::Directory quarantine = top_.open_child(format::quarantine_directory);
  const auto there = quarantine.status(format::quarantine_name(name).c_str());
  if (!there || there->type != sys::FileType::regular) return std::nullopt;
  return deadline_of(there->changed);
}

std::optional<KeptFile> FileStore::look_at_kept(const format::QuarantineName& kept_name) const {
  const fs::Directory quarantine = top_.open_child(format::quarantine_directory);
  const std::string name = format::quarantine_name(kept_name);
  const auto there = quarantine.status(name.c_str());
  if (!there || there->type != sys::FileType::regular) return std::nullopt;
  KeptFile kept{.name = kept_name, .size = there->size, .since = deadline_of(there->changed)};
  const SessionKey& key = kept_name.key;
  try {
    const auto file = quarantine.open_file(name.c_str(), sys::OpenMode::read);
    if (!file) return std::nullopt;
    std::vector<std::byte> content;
    quarantine.read(*file, name.c_str(), size_to_read(there->size), content);
    kept.version = verified_version(content, key, there->modified, quarantine.path_of(name), kept.problem);
    kept.claimed = format::claimed_header(content);
    kept.highest_generation =
        highest_generation(content, key, there->modified, kept.version ? kept.version->header.generation : 0);
  } catch (const UnsupportedRecord& error) {
    kept.problem = error.why();
  } catch (const IoError& error) {
    kept.problem = error.what();
  }
  return kept;
}

std::optional<Outcome> FileStore::restore(const KeptFile& kept, std::uint64_t above) const {
  Version version = kept.version.value();
  const SessionKey& key = kept.name.key;
  // Whoever has seen a version of this session has seen an earlier one.
  version.header.generation = std::max(above, version.header.generation) + 1;
  std::vector<std::byte> record;
  format::encode_record(version.header, version.payload, options_.format, record);
  const auto name = format::record_name(key);
  const auto shard = format::shard_of(key);
  auto created = fs::create_locked(shards_, name.c_str(), temporary_names(key), record,
                                   stamp(version.deadline, version.header.generation),
                                   {options_.no_replace, true, false, shard.c_str()});
  if (!created) return std::nullopt;
  // An older spare would be recovered in the place of what has just been restored; there is none where nobody has moved
  // files by hand (PROTOCOL.md, invariant 3).
  shards_.unlink(format::spare_name(key).c_str());
  created->lock.release();
  return created->sync_error == 0 ? Outcome::ok : Outcome::durability_unknown;
}

bool FileStore::purge(const format::QuarantineName& name) const {
  const fs::Directory quarantine = top_.open_child(format::quarantine_directory);
  if (!quarantine.unlink(format::quarantine_name(name).c_str())) return false;
  quarantine.sync();
  return true;
}

}  // namespace sess::backend
