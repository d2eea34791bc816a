// Changes of records, told by the names that the commit protocol uses (PROTOCOL.md, "Commit").
#include "backend/file_store.hpp"
#include "backend/stamp.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"
#include "sys/directory_watch.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

using Kind = Change::Kind;
using Event = sys::DirectoryEvent;

/// Keys are hashes already.
struct KeyHash {
  std::size_t operator()(const SessionKey& key) const noexcept {
    std::size_t hash = 0;
    std::memcpy(&hash, key.bytes().data(), sizeof hash);
    return hash;
  }
};

}  // namespace

class FileWatch final : public RecordWatch {
 public:
  explicit FileWatch(const FileStore& store) : store_(store) {
    const int opened = watch_.open();
    if (opened == -EMFILE) refuse("has too many watches, or files, open (fs.inotify.max_user_instances)");
    if (opened < 0) fs::throw_io("watch", shards().path(), opened);
    // Watched before they are read, so that nothing is missed in between.
    for (unsigned shard = 0; shard < format::shard_count; ++shard)
      shards_.emplace(add(shards().path_of(format::shard_name(shard))), shard);
    quarantine_ = add(store_.top_.path_of(format::quarantine_directory));
    read_deadlines();
  }

  std::size_t records() const noexcept override { return deadlines_.size(); }

  bool wait(std::chrono::milliseconds timeout, const std::function<void(const RecordChange&)>& visit) override {
    const int answer = watch_.wait(timeout, [&](const Event& event) { take(event, visit); });
    if (answer < 0) fs::throw_io("watch", shards().path(), answer);
    return !shards_.empty();
  }

 private:
  const fs::Directory& shards() const { return store_.shards_; }

  int add(const std::string& path) {
    const int number = watch_.add(path);
    if (number == -ENOSPC) refuse("watches too many directories (fs.inotify.max_user_watches)");
    if (number < 0) fs::throw_io("watch", path, number);
    return number;
  }

  /// The words for these numbers would be about files and disks.
  [[noreturn]] void refuse(std::string_view why) const {
    throw StoreError(StoreError::Reason::unusable,
                     fmt::format("watch store \"{}\": this user {}; end another watch, or raise that with sysctl",
                                 store_.top_.path(), why));
  }

  void read_deadlines() {
    std::unordered_map<SessionKey, std::int64_t, KeyHash> found;
    for (const auto& [number, shard] : shards_) {
      const fs::Directory directory = shards().open_child(format::shard_name(shard).c_str());
      std::vector<SessionKey> keys;
      directory.visit([&, shard = shard](const sys::DirectoryEntry& entry) {
        const auto parsed = format::parse_shard_entry(shard, entry.name);
        if (parsed && parsed->kind == format::ShardEntry::Kind::record) keys.push_back(parsed->key);
        return true;
      });
      for (const SessionKey& key : keys)
        if (const auto status = status_of(key)) found.emplace(key, deadline_of(status->modified));
    }
    deadlines_ = std::move(found);
  }

  std::optional<sys::FileStatus> status_of(const SessionKey& key) const {
    return shards().status(format::record_name(key).c_str());
  }

  void take(const Event& event, const std::function<void(const RecordChange&)>& visit) {
    if (event.kind == Event::Kind::lost) {
      visit({Kind::lost, {}, {}});
      return read_deadlines();
    }
    if (event.directory == quarantine_) return take_quarantined(event, visit);
    const auto shard = shards_.find(event.directory);
    if (shard == shards_.end()) return;
    if (event.kind == Event::Kind::ended) {
      shards_.erase(shard);
      return;
    }
    const auto entry = format::parse_shard_entry(shard->second, event.name);
    if (!entry || entry->kind != format::ShardEntry::Kind::record) return;
    take(event.kind, entry->key, visit);
  }

  void take(Event::Kind event, const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    switch (event) {
      case Event::Kind::appeared:
      case Event::Kind::moved_here:
        return written(key, visit);
      case Event::Kind::vanished:
        return removed(key, visit);
      case Event::Kind::changed:
        return touched(key, visit);
      case Event::Kind::moved_away:  // half of an exchange, or to quarantine
      case Event::Kind::lost:
      case Event::Kind::ended:
        return;
    }
  }

  /// Lists of principals come there as well, and copies of records that stay.
  void take_quarantined(const Event& event, const std::function<void(const RecordChange&)>& visit) {
    const auto name = format::parse_quarantine_name(event.name);
    const bool is_record = name && name->kind == format::QuarantineName::Kind::record && !name->temporary;
    if (event.kind == Event::Kind::moved_here && is_record && deadlines_.erase(name->key) > 0)
      visit({Kind::quarantined, name->key, {}});
  }

  void written(const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    auto listed = store_.look(key);
    const bool is_live = !listed || !listed->version || listed->version->header.state == format::RecordState::live;
    // Of what is gone by now nobody knows the deadline: a sweep would hardly have been so fast.
    constexpr std::int64_t not_known = std::numeric_limits<std::int64_t>::max();
    const auto [known, is_new] = deadlines_.emplace(key, not_known);
    if (listed && listed->version) known->second = listed->version->deadline;
    const Kind kind = !is_live ? Kind::replaced : is_new ? Kind::created : Kind::committed;
    visit({kind, key, is_live ? std::move(listed) : std::nullopt});
  }

  void removed(const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    const auto known = deadlines_.find(key);
    if (known == deadlines_.end()) return;  // it came and went while the names were read
    const bool is_expired = known->second <= store_.now();
    deadlines_.erase(known);
    visit({is_expired ? Kind::expired : Kind::ended, key, {}});
  }

  void touched(const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    const auto known = deadlines_.find(key);
    const auto status = status_of(key);
    if (known == deadlines_.end() || !status || deadline_of(status->modified) == known->second) return;
    known->second = deadline_of(status->modified);
    visit({Kind::renewed, key, store_.look(key)});
  }

  const FileStore& store_;
  sys::DirectoryWatch watch_;
  std::unordered_map<int, unsigned> shards_;  // by the number of their watch
  int quarantine_ = -1;                       // and that of quarantine
  std::unordered_map<SessionKey, std::int64_t, KeyHash> deadlines_;
};

std::unique_ptr<RecordWatch> FileStore::watch() const { return std::make_unique<FileWatch>(*this); }

}  // namespace sess::backend
