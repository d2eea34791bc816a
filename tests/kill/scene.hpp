// A store on a real file system under a clock of the test's own, and the files of one session in it.
#pragma once

#include "support/temporary_directory.hpp"
#include "sys/system.hpp"
#include "timed_system.hpp"

#include <sess/sess.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sess::test {

/// Puts something wrong between the library and the system.
using Breaking = std::function<std::shared_ptr<sys::System>(std::shared_ptr<sys::System>)>;

/// A file as it is on disk.
struct RawFile {
  bool exists = false;
  std::string content = {};
  sys::FileStatus status = {};
};

class Scene {
 public:
  static constexpr std::chrono::hours idle_timeout{24};
  static constexpr std::chrono::hours lifetime{192};

  /// `breaking` is between every process of this scene and the system.
  explicit Scene(const std::string& below, Breaking breaking = nullptr);
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene();

  /// The session is gone, quarantine empty, and it is the time of the beginning; the file system can what it can.
  void clear();
  void pass(std::chrono::milliseconds duration) { now_ += duration.count(); }
  std::int64_t now() const { return now_; }
  /// From now on the store takes the file system for one without RENAME_NOREPLACE.
  void pretend_no_replace_is_missing();

  /// A fresh handle at the time of this moment, with the scene's timeouts.
  Store open(StoreOptions options = {}, Pace pace = Pace::real, Chance chance = Chance::real) const;

  /// The session that it is all about. Forked processes see what any of them has set.
  void set_key(const SessionKey& key) { *known_ = {key, {}}; }
  void set_id(const SessionId& id) { *known_ = {id.key(), id}; }
  const SessionKey& key() const { return known_->key; }
  /// By its ID where that is known: a sealed session can be read by it alone.
  SessionRef session() const { return known_->id ? SessionRef(*known_->id) : SessionRef(known_->key); }

  RawFile record() const;
  RawFile spare() const;
  /// Changes a file of the session behind libsess's back; its times stay.
  void overwrite_record(const std::string& content) const;
  void overwrite_spare(const std::string& content) const;
  /// The spare's times, as a write sets them that is not followed by what sets the deadline: these are their last
  /// digits, below the millisecond.
  void set_spare_digits(std::uint32_t digits) const;
  std::string record_path() const;
  std::string spare_path() const;
  /// Of the directory that the session's files are in.
  std::string shard_path() const;
  /// The next sweep begins with that directory.
  void sweep_here_next() const;
  const std::string& path() const { return path_; }

  /// In the session's shard, in ascending order; and below the store, without the store's own.
  std::vector<std::string> session_files() const;
  std::vector<std::string> all_session_files() const;
  /// What the files in quarantine contain, in ascending order.
  std::vector<std::string> quarantined() const;

 private:
  struct Known {
    SessionKey key = {};
    std::optional<SessionId> id = {};
  };

  TemporaryDirectory directory_;
  std::string path_;
  Breaking breaking_;
  std::int64_t start_;
  std::int64_t now_;
  std::string store_file_;
  Known* known_;  // in shared memory
};

}  // namespace sess::test
