// Listing: every record of the store, and the search by prefix.
#include "backend/file_store.hpp"
#include "format/names.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

/// The keys of one shard's records, in order; the directory is read to its end before anything else happens.
std::vector<SessionKey> keys_of(const fs::Directory& shards, unsigned shard) {
  std::vector<SessionKey> keys;
  shards.open_child(format::shard_name(shard).c_str()).visit([&](const sys::DirectoryEntry& entry) {
    const auto parsed = format::parse_shard_entry(shard, entry.name);
    if (parsed && parsed->kind == format::ShardEntry::Kind::record) keys.push_back(parsed->key);
    return true;
  });
  std::ranges::sort(keys, {}, &SessionKey::bytes);
  return keys;
}

}  // namespace

std::optional<Listed> FileStore::look(const SessionKey& key) const {
  Listed listed{key, std::nullopt, 0, {}};
  try {
    // Whoever lists looks: what does not verify is reported, and recovered by whoever uses it.
    auto read = read_unlocked(key, listed.problem);
    if (read && read->outcome == Outcome::absent) return std::nullopt;
    if (read) {
      listed.problem.clear();
      listed.version = std::move(read->version);
    }
    const auto status = shards_.status(format::record_name(key).c_str());
    listed.size = status ? status->size : 0;
  } catch (const UnsupportedRecord& error) {
    listed.problem = error.why();
  } catch (const CorruptRecord& error) {
    listed.problem = error.why();
  } catch (const Error& error) {
    listed.problem = error.what();
  }
  return listed;
}

void FileStore::visit(const std::function<bool(const Listed&)>& visitor,
                      const std::function<void(std::exception_ptr)>& on_error) const {
  for (unsigned shard = 0; shard < format::shard_count; ++shard) {
    std::vector<SessionKey> keys;
    try {
      keys = keys_of(shards_, shard);
    } catch (const IoError&) {
      if (!on_error) throw;
      on_error(std::current_exception());
    }
    for (const SessionKey& key : keys)
      if (const auto listed = look(key); listed && !visitor(*listed)) return;
  }
}

std::vector<SessionKey> FileStore::find(std::string_view prefix, std::size_t limit) const {
  std::vector<SessionKey> found;
  for (unsigned shard = 0; shard < format::shard_count && found.size() < limit; ++shard) {
    const std::string name = format::shard_name(shard);
    if (!prefix.starts_with(name) && !std::string_view(name).starts_with(prefix)) continue;
    for (const SessionKey& key : keys_of(shards_, shard))
      if (found.size() < limit && key.to_string().starts_with(prefix)) found.push_back(key);
  }
  return found;
}

}  // namespace sess::backend
