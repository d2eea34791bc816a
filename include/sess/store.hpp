// The store: a directory of sessions.
#pragma once

#include <sess/editor.hpp>
#include <sess/event.hpp>
#include <sess/export.hpp>
#include <sess/gc.hpp>
#include <sess/locks.hpp>
#include <sess/result.hpp>
#include <sess/session.hpp>
#include <sess/session_id.hpp>
#include <sess/snapshot.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sess {

/// How a commit replaces a record.
enum class CommitMethod : std::uint8_t {
  automatic,    // exchange with the spare where the file system can, else rename_only
  rename_only,  // a temp file and a plain rename each time; for tests, and for file systems that lie
};

struct StoreOptions {
  /// A session not used for this long expires. For new sessions; each keeps its own. Positive.
  std::chrono::milliseconds idle_timeout = std::chrono::minutes(24);
  /// A session this old expires, used or not. For new sessions; each keeps its own. Positive.
  std::chrono::milliseconds lifetime = std::chrono::hours(8);
  /// How long a session whose ID was replaced (Session::regenerate, a login) can still be read under the old ID, as it
  /// was then: requests that were under way with it end well. Not negative.
  std::chrono::milliseconds grace = std::chrono::seconds(30);
  /// An anonymous ID that names no session any more gets one successor for all requests that come with it (succeed), if
  /// it was issued not longer ago than this. The default is the longest that a browser keeps a cookie (RFC 6265bis,
  /// section 5.5). Not negative; zero: never.
  std::chrono::milliseconds succession_age = std::chrono::hours(24 * 400);
  /// How many sessions one principal may have; 0: any number. A login beyond that ends the oldest (but for those that
  /// are locked just now), or is refused: its commit answers limit_reached. Where the oldest is perhaps not ended for
  /// good the commit answers durability_unknown.
  std::size_t sessions_per_principal = 0;
  bool refuse_beyond_limit = false;
  /// New sessions, by whatever name they come (create, regenerate, succeed), are sealed: their values are on disk only
  /// encrypted and authenticated (XChaCha20-Poly1305) under a key that is made of the session's ID, which is nowhere on
  /// disk. A copy of the store, its keyring included, is of no use without the cookies; src/PROTOCOL.md, "Sealed
  /// sessions", says what it still tells, and what whoever can write to it can do. A session stays what it was made as
  /// until it gets a new ID, and one that is sealed stays so; programs with and without this option can share a store.
  /// The values of a sealed session are had by its ID alone: not by its key, not by sessctl ls or show, and if the
  /// client loses its cookie, by nobody.
  bool sealed = false;
  Durability durability = Durability::relaxed;
  /// At relaxed: tells the kernel to begin at once to write the data of a session's new file (a creation makes one, the
  /// first change another) and does not wait for it; without, that begins some 30 seconds later. Nothing is promised,
  /// and much less is lost: of the sessions made since the last writeback, a power cut took 81% on ext4 and 77% on XFS
  /// without, 2% and 5% with it (tests/power/README.md). Changes after the first are no slower; the median of a
  /// creation goes from 62 to 119 microseconds (ext4, virtio disk) or from 21 to 39 (XFS, in memory), that of a first
  /// change from 89 to 95 or from 32 to 52. A disk that is busy makes it wait.
  bool early_writeback = false;
  /// Largest payload of one session, in bytes; a commit above it throws TooLarge. At most 1 GiB.
  std::size_t size_limit = std::size_t{1} << 20;
  /// How long lock, update, merge and destroy (and a snapshot or touch of a record that does not verify) wait for a
  /// session's lock before they answer busy.
  std::chrono::milliseconds lock_timeout = std::chrono::seconds(30);
  /// At most so many threads, of all programs that have such a limit, wait for the lock of one session; who comes then
  /// is answered busy at once, so that one slow request of a user cannot take every worker. Those that wait for less
  /// than a moment (two turns of the processor) do not count. At most 64; 0: no limit.
  unsigned waiter_limit = 0;
  /// Make the store if there is none at this path (Store::init). An existing directory that is not empty and
  /// not a store is refused all the same.
  bool create = false;
  /// Find out again what the file system can, where the store has been moved to another one, and note it in the store's
  /// own file. Without, opening a store changes nothing in it, and commits there do what every file system can.
  bool probe = true;
  CommitMethod commit_method = CommitMethod::automatic;
  /// Is told what has happened (sess/event.hpp has when, where and how often), in the thread that has done it, by
  /// several threads at once if several use the store. Must not use the store, must not throw (what it throws is
  /// swallowed), and should be quick: a request waits for it. Empty: nothing is computed for events.
  std::function<void(const Event&)> on_event = nullptr;
};

struct LockOptions {
  /// Without a value: the store's lock_timeout. Zero: do not wait.
  std::optional<std::chrono::milliseconds> timeout = std::nullopt;
  /// Locking a session is using it: its deadline is moved where a touch would move it.
  bool renew = true;
};

struct CreateOptions {
  SessionKind kind = SessionKind::anonymous;
  /// Whose session it is, if it is authenticated: any text that names a user. Not kept as it is, only as a keyed hash;
  /// sessions of one principal can be listed and ended together. The end of all of them (destroy_principal) between
  /// this call and the first commit, or any number of times before the commit of Session::regenerate, is the end of
  /// this one too: the commit answers gone.
  std::optional<std::string> principal = std::nullopt;
  /// A session that the caller supersedes, or ends, as soon as this login is committed: one more login in a session
  /// that is this principal's already. It does not count against StoreOptions::sessions_per_principal, and is not ended
  /// as the oldest. A caller who leaves it live has one session more than the limit. Event::replaced names it.
  std::optional<SessionKey> replaces = std::nullopt;
  std::optional<std::chrono::milliseconds> idle_timeout = std::nullopt;  // without a value: the store's
  std::optional<std::chrono::milliseconds> lifetime = std::nullopt;
};

/// One line of a listing.
struct SessionEntry {
  SessionKey key;
  SessionFacts facts;   // all zero but the size when there is a problem
  std::string problem;  // why the record cannot be read; empty: it can
  /// ok where the session was live when the listing began; superseded or expired in a listing that shows those. It may
  /// have ended since.
  Outcome outcome = Outcome::ok;
};

struct ListOptions {
  /// Shows also sessions whose ID was replaced (superseded: readable for StoreOptions::grace, or leading on to the new
  /// one), and those that have expired and that no sweep has removed yet.
  bool show_ended = false;
  /// Given the IoError of a directory of the store that cannot be read or is missing, and the listing goes on with the
  /// next one. Without it that ends the listing, and comes out of it.
  std::function<void(std::exception_ptr)> on_error = nullptr;
};

/// What the store's own file says.
struct StoreFacts {
  std::string path;
  std::uint32_t format = 0;         // version of the records that it writes (src/FORMAT.md)
  std::uint32_t newest_format = 0;  // the newest that this library knows: Store::upgrade raises it to that
  std::uint32_t shards = 0;
  bool exchange = false;  // the file system can exchange two names
};

/// Versions of the record format (src/FORMAT.md). The same twice: the store had the newest one already.
struct FormatUpgrade {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

struct KeyRotationOptions {
  /// How long IDs of a secret are still accepted after it was replaced. Longer than any session lives: 400 days is the
  /// longest that a browser keeps a cookie (RFC 6265bis, section 5.5). Zero: nobody can use a session any more;
  /// programs that run already follow when they look next (parse). The sessions stay until they expire.
  std::chrono::seconds keep = std::chrono::hours(24 * 400);
};

struct KeyRotation {
  unsigned number = 0;                  // of the new secret
  std::size_t kept = 0;                 // earlier secrets that are still accepted
  std::size_t dropped = 0;              // earlier secrets that are not any more
  std::chrono::seconds signs_after{0};  // from now on
};

/// A handle, cheap to copy; sessions keep what it refers to alive. All members may be called by several threads
/// at once and in forked children; none blocks on another thread of the process except for a session's lock.
///
/// Wherever a key is taken, a SessionId does as well; wherever a SessionRef is, either does, but for the values of
/// sealed sessions, which take the ID: by the key alone these members throw SealedRecord where the outcome would be
/// that there is one. Members that touch a session's file throw IoError when the file system fails, UnsupportedRecord
/// for a record of a newer format, CorruptRecord for values that verify but cannot be decoded or were not sealed with
/// this ID; both are left as they are.
class SESS_API Store {
 public:
  /// Opens the store at `path`. Throws StoreError if there is none (and none was asked for), if it is of
  /// another user, of a newer format, or on a file system that cannot keep the promises; IoError when the file system
  /// fails, also where it lets this user not even in (EACCES).
  static Store open(const std::string& path, const StoreOptions& options = {});
  /// Makes a store and its directory (mode 0700, parents as needed). Throws StoreError if the directory holds
  /// anything already; a store that is already there is left as it is and that is no error.
  static void init(const std::string& path);
  /// Has records of this store written in the newest format that this library knows, by every program that opens it
  /// from now on. A store keeps the format that it was made with until then, so that programs of an older and a newer
  /// libsess can share it. There is no way back: a program that does not know the format refuses the store, and one
  /// that has it open refuses the records that others write. Sessions stay; each is written in the new format when it
  /// changes next. Programs that have the store open, and Stores of this one, go on writing the old format. Waits for
  /// another program that sets up the store. Throws as open does.
  static FormatUpgrade upgrade(const std::string& path);

  /// The ID that a client sent, if this store has issued it; nothing for anything else. No system call, but for one in
  /// a second at most for texts that have the form of an ID and do not verify: their secret may be newer than what this
  /// program has seen (rotate_keys). What fails then is an IoError.
  std::optional<SessionId> parse(std::string_view text) const;

  /// One committed version, without a lock and without waiting for writers. Takes the lock, and waits for it at most
  /// as long as lock_timeout, only for a record that does not verify or that changes faster than it can be read.
  /// Answers absent or expired where there is no usable session, and busy in the second case. For a session whose ID
  /// was replaced it answers its last version beside the outcome superseded, for StoreOptions::grace; then expired.
  Result<Snapshot> snapshot(const SessionRef& session) const;
  /// What a snapshot would say beside the values, which it does not look at: a key does, sealed or not. Waits, and
  /// answers, as snapshot does.
  Result<SessionFacts> facts_of(const SessionKey& key) const;
  /// Waits for the session's lock and holds it until release. Answers absent, expired, superseded or busy.
  /// Throws UsageError if this thread holds it already: the wait would never end.
  Result<Session> lock(const SessionRef& session, const LockOptions& options = {}) const;
  /// Runs `change` under the lock and commits what it changed. `change` may be run more than once and must
  /// have no other effect than on its editor; what it throws rolls back and comes out here.
  /// Answers ok, durability_unknown, absent, expired, superseded or busy.
  Status update(const SessionRef& session, const std::function<void(Editor&)>& change,
                const CommitOptions& options = {}) const;
  /// Applies changes that were made on a snapshot to the session as it is now, under a short lock.
  /// Answers ok, durability_unknown, conflict, gone (absent or expired by now), superseded (its ID was replaced
  /// meanwhile) or busy; nothing is written but for the first two.
  Status merge(const Changes& changes, const CommitOptions& options = {}) const;

  /// A new session with a fresh ID. Nothing is on disk before its first commit; from then on it is locked.
  /// Store it, then hand out the ID: commit, release, then Set-Cookie. Throws UsageError for timeouts out of range;
  /// IoError, of a session with a principal.
  Session create(const CreateOptions& options = {}) const;

  /// Renews the deadline without reading values. Skipped, and ok, while it would move by less than a tenth of
  /// the idle timeout. Answers ok, absent, expired, superseded, or not_renewed when the lock was not free within
  /// a tenth of a second.
  Status touch(const SessionKey& key) const;
  /// Ends a session for good, also across a power cut; under the ID of a session that was regenerated, for
  /// StoreOptions::grace and until it is swept, also what it has become. Answers ok; absent, if it has been ended by
  /// somebody else, as finally; durability_unknown: ended, but perhaps back after a power cut; busy, also where more
  /// than 64 IDs lead from this one to the session: then nothing is ended. ok and durability_unknown speak of the
  /// session: a version of it that is superseded, and locked by somebody for longer than lock_timeout, can be read for
  /// the rest of the grace time.
  Status destroy(const SessionKey& key) const;
  /// Ends a session, sealed or not, if `condition` says so of what is known of it beside the values, under its lock:
  /// what was found in a list may have been used since. What `condition` throws comes out here, and nothing is ended.
  /// Answers ok, durability_unknown or busy, as destroy does; conflict, where the condition does not hold, nothing is
  /// ended; absent, expired or superseded, where there is no live session. Throws UsageError if this thread holds its
  /// lock.
  Status destroy_if(const SessionKey& key, const std::function<bool(const SessionFacts&)>& condition) const;

  /// Where an ID leads (RegenerateOptions::leads_from): the ID that its session goes on under, which may lead on in its
  /// turn, or be of a session that has ended. Answers absent where it leads nowhere; busy as snapshot does.
  Result<SessionId> continuation(const SessionId& id) const;
  /// An ID that leads on does so for no longer than StoreOptions::grace from now: for who knows that the new ID has
  /// come to its client. Does not wait. Answers ok, also for what leads nowhere; absent; busy, then it is as it was.
  /// After a power cut it may be as it was, too. Throws IoError.
  Status retire(const SessionKey& key) const;

  // An anonymous ID may come back when its session has long expired: a browser keeps its cookie. Several requests may
  // come with it at once, and each would make a session of its own, of which the last Set-Cookie would lose all others.
  // So such an ID gets one successor, an anonymous session under a new ID, and all these requests work on that.

  /// The ID under which an expired or swept anonymous session goes on: of a session that is live, or can still be read
  /// (snapshot). Answers absent if there is none yet, or `id` is not anonymous; busy as snapshot does.
  Result<SessionId> successor(const SessionId& id) const;
  /// Applies changes that were made on an empty session (or on the successor, as it was) to the successor of `id`,
  /// which is made if there is none. If there is a live session under `id` itself, by now, to that one. Answers the ID
  /// that was written to, with ok or durability_unknown. Nothing is written, and no ID answered, with conflict;
  /// superseded, if the successor's ID was replaced meanwhile; busy; absent, if `id` is not anonymous or is older than
  /// StoreOptions::succession_age. Throws as Session::commit does.
  Result<SessionId> succeed(const SessionId& id, const Editor& changes, const CommitOptions& options = {}) const;

  /// The live sessions of a principal, the oldest login first; those whose record cannot be read with the problem, as
  /// list shows them. busy, if the list itself does not verify and was locked for too long. Throws IoError;
  /// UnsupportedRecord, where the list is of a newer format.
  Result<std::vector<SessionEntry>> sessions_of(std::string_view principal) const;
  /// Ends every session of a principal, for good, but for `except`: those that there are, and those whose login has
  /// been decided (create) and whose first commit is still to come. Waits for each session's lock. Answers ok;
  /// durability_unknown: ended, but perhaps back after a power cut; busy: some were locked for too long and are not
  /// ended, all others are; or the list was, then nothing is ended. Where `except` is not live, nothing is ended: gone,
  /// or superseded if its ID was replaced. On a full disk the sessions that are listed make room for what has to be
  /// written. The earlier IDs of `except`, if it was regenerated, stay as they are: its last versions can be read under
  /// them for StoreOptions::grace, or they lead on to it (retire). Throws IoError, then some may not be ended;
  /// UsageError if this thread holds one of them.
  Status destroy_principal(std::string_view principal, const std::optional<SessionKey>& except = std::nullopt) const;

  /// Calls `visit` for every live session that had not expired when the listing began, in the order of their keys,
  /// until it answers false. Not a consistent picture of one moment: sessions may come and go meanwhile. Changes
  /// nothing: a damaged record is reported as it is. Throws IoError.
  void list(const std::function<bool(const SessionEntry&)>& visit, const ListOptions& options = {}) const;
  /// The keys that begin with these hexadecimal digits (at least one), at most `limit` of them.
  std::vector<SessionKey> find(std::string_view key_prefix, std::size_t limit) const;

  /// Removes expired sessions and leftovers of killed programs. Takes each session's lock before it judges. Throws
  /// StoreError if the store's own file for it is missing.
  GcReport gc(const GcOptions& options = {}) const;
  /// The sweep that ended last. Nothing where there was none that swept, or its record is damaged. Throws IoError.
  std::optional<LastSweep> last_sweep() const;
  /// Of the last 24 hours in which sweeps ended, of whichever program, the oldest first: an hour without one is left
  /// out. Empty where the record is damaged. Throws IoError.
  std::vector<SweptHour> swept_hours() const;
  /// What the next sweep would find whose GcOptions::clock_hold is `hold`: nothing where it would go by the clock.
  /// Changes nothing, and waits for nobody. Throws IoError.
  std::optional<ClockHold> clock_hold(std::chrono::milliseconds hold = std::chrono::hours(1)) const;

  /// Who holds the locks of sessions at this moment, and who waits, as far as the kernel tells. Looks through the
  /// descriptors of all processes of this user, and waits for none. Throws IoError.
  LockUses lock_uses() const;

  /// Makes a new secret for session IDs. Programs that have the store open come to know it by themselves, before the
  /// first ID is signed with it; IDs of the earlier ones stay valid as long as the options say, and without end while
  /// the clock is known to be ahead (GcOptions::clock_hold). Waits for another rotation. Throws UsageError if the last
  /// one is seconds ago, or if all of 127 secrets are still kept; StoreError if the keyring is damaged; IoError, also
  /// where the new keyring is in its place and only the sync of the directory has failed.
  KeyRotation rotate_keys(const KeyRotationOptions& options = {}) const;

  const StoreOptions& options() const noexcept;
  StoreFacts facts() const;

  // Made by open; not for use by programs.
  class Core;
  explicit Store(std::shared_ptr<const Core> core) noexcept;

 private:
  friend class StoreAccess;
  std::shared_ptr<const Core> core_;
};

}  // namespace sess
