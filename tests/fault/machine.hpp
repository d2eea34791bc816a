// A machine with a store in which something goes wrong, and what can be seen of the store from outside.
#pragma once

#include "store/core.hpp"
#include "support/disk_image.hpp"
#include "support/fake_system.hpp"

#include <sess/sess.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sess::test {

inline constexpr const char* store_path = "/srv/store";
/// Stands in every version that an operation of these tests replaces, and in none that it writes.
inline constexpr const char* secret = "what nobody is to find";

/// What is on the disk before an operation: a session of two versions, n = 1 and n = 2, and its surroundings.
struct Setting {
  enum class Disk : std::uint8_t { empty, store };
  enum class Record : std::uint8_t { sound, damaged, emptied, unsettled };
  enum class Spare : std::uint8_t { there, absent, busy, linked, damaged };

  Disk disk = Disk::store;
  Record record = Record::sound;
  Spare spare = Spare::there;
  CommitMethod method = CommitMethod::automatic;
  bool early_writeback = false;
  bool sealed = false;          // all sessions
  bool no_replace = true;       // the file system has RENAME_NOREPLACE
  bool another_device = false;  // the store has been moved to another file system since it was opened
  std::size_t limit = 0;        // of sessions of one principal
  bool refuses = false;         // a login beyond the limit; else the oldest is ended
  std::string principal = {};   // whose sessions must be listed; none: nobody's
  /// Puts more onto the disk; may add to the machine's keys.
  std::function<void(class Machine&)> furnish = nullptr;
};

/// A session as a program knows it: by its ID, which the values of a sealed one take, or by its key alone.
class KnownSession {
 public:
  // Implicit: stands for what it is made of, and wherever that stands.
  KnownSession(const SessionKey& key) : key_(key) {}
  KnownSession(const SessionId& id) : key_(id.key()), id_(id) {}
  operator const SessionKey&() const { return key_; }
  const std::optional<SessionId>& id() const { return id_; }
  operator SessionRef() const { return id_ ? SessionRef(*id_) : SessionRef(key_); }

 private:
  SessionKey key_;
  std::optional<SessionId> id_;
};

/// A system that does something wrong, around the one that is given.
using Breaking = std::function<std::shared_ptr<sys::System>(std::shared_ptr<sys::System>)>;

/// What a look without a lock finds of one session.
struct SessionSight {
  Outcome outcome = Outcome::absent;
  std::optional<std::int64_t> n = {};
  std::optional<std::string> text = {};
  std::uint64_t generation = 0;
  std::chrono::system_clock::time_point deadline = {};
};

/// Of all sessions: those of the setting, and the last one that the operation has made.
struct Sight {
  std::vector<SessionSight> sessions;
  bool made = false;
  bool leads_on = false;                 // a session that has ended has a successor
  bool unlisted = false;                 // a session that is live is not in the list of its principal
  bool unsealed = false;                 // a session is not sealed where all are to be
  std::vector<std::string> quarantined;  // contents, in order
};

class Machine {
 public:
  /// Makes the setting.
  explicit Machine(const Setting& setting);
  /// The same machine, started again. `breaking` may be null.
  Machine(const Setting& setting, const DiskImage& image, std::vector<KnownSession> known, const Breaking& breaking);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() = default;

  static StoreOptions options(const Setting& setting);
  const KnownSession& key() const { return keys.front(); }
  /// Opens the store as a program does, over whatever may be broken.
  Store open() const { return open_store(system, store_path, options(setting_)); }
  /// A handle over the sound system, for whoever looks; opened when it is needed.
  Store& viewer();
  /// Throws what the store throws.
  Sight look();
  std::vector<std::string> session_files() const;
  /// The files that belong to no session that there is, and are none of the store's own.
  std::vector<std::string> strays();
  std::size_t temporary_files() const;
  bool finds_secret() const;
  /// A lock has been asked for that was not free.
  bool met_a_lock() const;
  /// A sweep by the sound system, an hour later, with all shards there.
  GcReport sweep();
  /// Locks the session's spare as a waiter does who is about to look at the name.
  void hold_spare();
  /// Closes everything that this machine has opened; then nothing must be open or locked.
  void let_go();
  /// Another file in a shard, or elsewhere in the store's directory.
  void put(const std::string& name, const std::string& text) const;
  /// Below shards/, and in full.
  static std::string record_name(const SessionKey& key);
  static std::string spare_name(const SessionKey& key);
  static std::string record_path(const SessionKey& key);
  static std::string spare_path(const SessionKey& key);

  std::shared_ptr<FakeSystem> fake;
  std::shared_ptr<sys::System> system;  // the fake, or what was broken around it
  std::optional<Store> store;           // of the operation; none where the operation is to open it
  std::vector<KnownSession> keys;
  std::vector<KnownSession> made;
  std::optional<Session> session;  // that the operation finds locked
  std::optional<SessionId> id;     // that was handed out before, and stays valid
  std::optional<SessionId> stale;  // of a session that has ended
  std::optional<Changes> changes;  // that it finds made

 private:
  void damage();
  SessionSight look_at(const KnownSession& key);
  bool is_unsealed(const KnownSession& key);
  bool lists_all();

  const Setting& setting_;
  std::optional<Store> viewer_;
  int foreign_ = -1;
};

}  // namespace sess::test
