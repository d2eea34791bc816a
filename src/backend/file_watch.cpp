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
    above_ = add(shards().path());
    for (unsigned shard = 0; shard < format::shard_count; ++shard) add_shard(shard);
    quarantine_ = add(store_.top_.path_of(format::quarantine_directory));
    read_records();
  }

  std::size_t records() const noexcept override { return known_.size(); }

  bool wait(std::chrono::milliseconds timeout, const std::function<void(const RecordChange&)>& visit) override {
    const int answer = watch_.wait(timeout, [&](const Event& event) { take(event, visit); });
    if (answer < 0) fs::throw_io("watch", shards().path(), answer);
    return !shards_.empty();
  }

 private:
  const fs::Directory& shards() const { return store_.shards_; }

  int add(const std::string& path) { return checked(watch_.add(path), path); }

  int checked(int number, const std::string& path) const {
    if (number == -ENOSPC) refuse("watches too many directories (fs.inotify.max_user_watches)");
    if (number < 0) fs::throw_io("watch", path, number);
    return number;
  }

  /// False if it is not there, as it may be until a repair makes it again.
  bool add_shard(unsigned shard) {
    const std::string path = shards().path_of(format::shard_name(shard));
    const int number = watch_.add(path);
    if (number == -ENOENT || number == -ENOTDIR) return false;
    shards_.emplace(checked(number, path), shard);
    return true;
  }

  /// The words for these numbers would be about files and disks.
  [[noreturn]] void refuse(std::string_view why) const {
    throw StoreError(StoreError::Reason::unusable,
                     fmt::format("watch store \"{}\": this user {}; end another watch, or raise that with sysctl",
                                 store_.top_.path(), why));
  }

  struct Known {
    std::int64_t deadline = 0;
    std::uint32_t digits = 0;      // of the generation, as the times of its file had them last
    bool was_read = false;         // by its name, and nothing has happened to it since
    bool is_replaced = false;      // and that has been told
    bool is_told_of_file = false;  // a version with these digits, by the times of its file
  };
  using Records = std::unordered_map<SessionKey, Known, KeyHash>;

  void read_records() {
    Records found;
    for (const auto& [number, shard] : shards_) read_shard(shard, found);
    known_ = std::move(found);
  }

  void read_shard(unsigned shard, Records& found) const {
    std::vector<SessionKey> keys;
    try {
      const fs::Directory directory = shards().open_child(format::shard_name(shard).c_str());
      directory.visit([&](const sys::DirectoryEntry& entry) {
        const auto parsed = format::parse_shard_entry(shard, entry.name);
        if (parsed && parsed->kind == format::ShardEntry::Kind::record) keys.push_back(parsed->key);
        return true;
      });
    } catch (const IoError& error) {
      if (error.error_number() != ENOENT) throw;  // that it is gone is told by an event
    }
    for (const SessionKey& key : keys)
      if (const auto status = status_of(key))
        found[key] = {
            .deadline = deadline_of(status->modified), .digits = digits_in(status->modified), .was_read = true};
  }

  /// A shard has come, or was moved away: what happened in it until it is watched is not known. One that was removed is
  /// made again by a repair.
  void look_again(unsigned shard, const std::function<void(const RecordChange&)>& visit) {
    std::erase_if(shards_, [&](const auto& watched) { return watched.second == shard; });
    std::erase_if(known_, [&](const auto& record) { return is_in(record.first, shard); });
    if (add_shard(shard)) read_shard(shard, known_);
    visit({Kind::lost, {}, {}});
  }

  static bool is_in(const SessionKey& key, unsigned shard) {
    return format::shard_of(key).view() == format::shard_name(shard);
  }

  static std::uint32_t digits_in(sys::FileTime time) { return static_cast<std::uint32_t>(digits_of(time)); }

  std::optional<sys::FileStatus> status_of(const SessionKey& key) const {
    return shards().status(format::record_name(key).c_str());
  }

  void take(const Event& event, const std::function<void(const RecordChange&)>& visit) {
    if (event.kind == Event::Kind::lost) {
      visit({Kind::lost, {}, {}});
      return read_records();
    }
    if (event.directory == above_) {
      const bool is_moved = event.kind == Event::Kind::moved_away || event.kind == Event::Kind::moved_here;
      if (!is_moved && event.kind != Event::Kind::appeared) return;
      for (unsigned shard = 0; shard < format::shard_count; ++shard)
        if (format::shard_name(shard) == event.name) look_again(shard, visit);
      return;
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
    if (event.kind == Event::Kind::moved_here && is_record && known_.erase(name->key) > 0)
      visit({Kind::quarantined, name->key, {}});
  }

  void written(const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    auto listed = store_.look(key);
    const bool is_live = !listed || !listed->version || listed->version->header.state == format::RecordState::live;
    // Of what is gone by now nobody knows the deadline: a sweep would hardly have been so fast.
    constexpr std::int64_t not_known = std::numeric_limits<std::int64_t>::max();
    const auto [found, is_new] = known_.emplace(key, Known{.deadline = not_known});
    Known& known = found->second;
    const bool has_version = listed && listed->version;
    const bool is_first = has_version && listed->version->header.generation == 1;
    // What is there is what the last of several changes has left. The name has been read before its creation was told,
    // if that is the first version.
    const bool is_created = is_live ? is_new || (known.was_read && is_first) : is_new && !is_first;
    known.was_read = false;
    if (has_version) {
      known.deadline = listed->version->deadline;
      const std::uint32_t digits = digits_of_version(*listed->version);
      if (std::exchange(known.is_told_of_file, false) && digits == known.digits) return;
      known.digits = digits;
    }
    if (is_created) return visit({Kind::created, key, is_live ? std::move(listed) : std::nullopt});
    const bool was_replaced = std::exchange(known.is_replaced, !is_live);
    if (is_live) return visit({Kind::committed, key, std::move(listed)});
    if (!was_replaced) visit({Kind::replaced, key, {}});
  }

  void removed(const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    const auto found = known_.find(key);
    if (found == known_.end()) return;  // it came and went while the names were read
    const Known known = found->second;
    known_.erase(found);
    if (known.is_replaced) return;  // what an ID leaves behind
    const bool is_expired = known.deadline <= store_.now();
    visit({is_expired ? Kind::expired : Kind::ended, key, {}});
  }

  void touched(const SessionKey& key, const std::function<void(const RecordChange&)>& visit) {
    const auto known = known_.find(key);
    const auto status = status_of(key);
    if (known == known_.end() || !status) return;
    const bool is_moved = deadline_of(status->modified) != known->second.deadline;
    const std::uint32_t digits = digits_in(status->modified);
    if (!is_moved && digits == known->second.digits) return;
    known->second.deadline = deadline_of(status->modified);
    if (known->second.is_replaced) return;
    auto listed = store_.look(key);
    // A damaged record is restored in its place, as another version, and its times are what tells of it. So they do of
    // a commit whose event is still to come. A file system that rounds times keeps no digits.
    const bool is_restored =
        digits != known->second.digits && listed && listed->version && digits == digits_of_version(*listed->version);
    if (is_restored) {
      known->second.digits = digits;
      known->second.is_told_of_file = true;
    }
    if (is_restored || is_moved) visit({is_restored ? Kind::committed : Kind::renewed, key, std::move(listed)});
  }

  static std::uint32_t digits_of_version(const Version& version) {
    return static_cast<std::uint32_t>(version.header.generation % digits_range);
  }

  const FileStore& store_;
  sys::DirectoryWatch watch_;
  std::unordered_map<int, unsigned> shards_;  // by the number of their watch
  int above_ = -1;                            // and those of the directory that they are in,
  int quarantine_ = -1;                       // and of quarantine
  Records known_;
};

std::unique_ptr<RecordWatch> FileStore::watch() const { return std::make_unique<FileWatch>(*this); }

}  // namespace sess::backend
