// A locked session: exclusive from Store::lock (or the first commit of a new one) to release.
#pragma once

#include <sess/editor.hpp>
#include <sess/export.hpp>
#include <sess/result.hpp>
#include <sess/session_id.hpp>
#include <sess/snapshot.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace sess {

/// What a commit survives beside the death of the program (that, every commit survives).
///
/// relaxed: a power cut leaves an earlier committed version, or none, of a session that changed since the
///   kernel last wrote its pages back (some 30 seconds); never a torn or mixed one. That puts durable versions before
///   it at stake, too. Logout is final all the same: destroying a session is always synced.
/// durable: commit answers when the version is on disk; a power cut leaves the last acknowledged one. Costs
///   one fdatasync and one fsync of a directory per commit.
enum class Durability : std::uint8_t { relaxed, durable };

struct CommitOptions {
  /// Without a value: the store's.
  std::optional<Durability> durability = std::nullopt;
  /// False: the session's deadline stays where it is. A poll must not keep a session alive for ever.
  bool renew = true;
  /// True: overwrites the version that this commit replaces, on disk, once the new one is there; and commits although
  /// nothing has changed, if it has to. For a secret that was removed: without it the session's previous version stays
  /// in its spare file. Costs three syncs. durability_unknown if the overwriting failed. A file system or a device that
  /// writes elsewhere (btrfs, flash), and copies that others have made, are beyond its reach.
  bool scrub = false;
};

struct RegenerateOptions {
  /// The session's ID as it is, where that is to lead on to the new one: whoever comes with it finds the session
  /// (Store::continuation) until the new ID is known to have arrived (Store::retire), at most for as long as the
  /// session can live by then. For a new ID that is given now and then, where nobody's rights change: should the answer
  /// with it be lost, its client is not. The last version cannot be read under the earlier ID then. Nothing: the
  /// earlier ID leads nowhere.
  std::optional<SessionId> leads_from = std::nullopt;
  /// How long to wait for the list of the session's principal, where somebody has it locked; then the answer is busy.
  /// Without a value: the store's lock_timeout.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

/// Movable, not copyable. The destructor rolls back and releases, and never throws. Keeps the store alive.
///
/// Belongs to one thread at a time and to the process that locked it: used in a forked child it throws UsageError, and
/// its destructor there does nothing. Handed to another thread it still counts as held by the thread that locked or
/// last committed it: if that one would wait for the session, it is told UsageError.
///
/// A locked session is not swept, and its holder may commit although its idle timeout has run out meanwhile; readers
/// are told `expired` until then.
class SESS_API Session : public Editor {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() override;

  // These three throw UsageError for a session that has been moved from, and for no other.
  const SessionKey& key() const;
  /// The ID of a session that was made by Store::create; nothing for one that was found by its key.
  std::optional<SessionId> id() const;
  /// Of the version that was locked or last committed; of a session not yet committed, generation 0.
  const SessionFacts& facts() const;

  /// Writes the changes as a new version and keeps the lock. Writes nothing when nothing has changed, but
  /// renews the deadline where that is due. Waits only on a full disk, for the spare file of the session while a
  /// waiter looks at it, and at most as long as the store's lock_timeout.
  /// Answers ok; durability_unknown; expired when the absolute deadline has passed, or the idle one and
  /// it is not to be renewed (nothing written). Of a session with a principal also, with nothing written: gone, if all
  /// of that principal's sessions have been ended since it was made by create; limit_reached
  /// (StoreOptions::refuse_beyond_limit); busy, if the principal's list was locked for too long. After a busy create
  /// another session: if create itself has met that lock, this one is never committed. Throws IoError, TooLarge,
  /// TypeMismatch, UsageError for values nested too deeply, and for a new session StoreError if its ID is taken, which
  /// no chance explains: then the committed version stays, and the changes are still here. Released with an IoError
  /// only where the file system can tell no more which of the two versions is current.
  Status commit(const CommitOptions& options = {});
  /// Forgets the changes since the lock or the last commit.
  void rollback();
  /// Moves the deadline to now + idle timeout, at most to the absolute deadline; leaves it where that would gain less
  /// than a tenth of the idle timeout. ok; absent if it has never been committed; expired. Throws IoError.
  Status touch();
  /// Ends the session for good, also across a power cut, and releases it. Throws IoError.
  Status destroy();
  /// Gives the session a new ID, as is wanted wherever its rights change: a new session with these values (what has not
  /// been committed too), kind, timeouts and absolute deadline is made, on disk, and then this one superseded. Answers
  /// the new one, locked, with ok or durability_unknown. What the answer lacks is as it was: absent, if this session
  /// has never been committed; expired; of a session with a principal gone, if all of that principal's sessions have
  /// been ended since, or busy. Throws as commit does, and UsageError for an ID that is not this session's; then there
  /// is no new session. (No limit is ever reached: it takes the place of this one.)
  Result<Session> regenerate(const RegenerateOptions& options = {});
  /// Ends the session, but lets its last version be read for StoreOptions::grace under the outcome superseded: for a
  /// program that has made another one in its place. What has not been committed is forgotten. On disk when it answers.
  /// Releases it. Answers ok; durability_unknown; absent, if it has never been committed. Throws IoError; then it is
  /// live still, and locked.
  Status supersede();
  /// Unlocks. Uncommitted changes are forgotten. Afterwards only key(), id() and facts() may be used.
  void release() noexcept;

  // Made by Store; not for use by programs.
  class State;
  explicit Session(std::unique_ptr<State> state);

 private:
  State& live() const;
  const State& present() const;

  std::unique_ptr<State> state_;
};

}  // namespace sess
