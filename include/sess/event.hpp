// Events: what an operator may want to know of, or keep for an audit. No event holds a session ID.
#pragma once

#include <sess/export.hpp>
#include <sess/session_id.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sess {

/// Something that has happened, told to StoreOptions::on_event.
///
/// - In the thread that has done it, and after it is done: what a commit or a removal has made true is true for every
///   other process by then. Where the outcome was durability_unknown it is told all the same, and detail says so.
/// - Once, by who has done it: of two who end one session at once, by the one that has removed it. A program that is
///   killed in between tells nothing, so an event may be missing; none is told twice.
/// - With no lock of a session held by the call itself, but for these: recovered and quarantined (that of the record);
///   created, authenticated and regenerated (that of the new session, whose ID nobody has been told of yet); destroyed
///   where a login ends the oldest session (StoreOptions::sessions_per_principal: that of the principal and of the new
///   session). A sweep tells its events while it holds the lock on sweeping.
///
/// A session that was made (created, authenticated, regenerated) ends once: by regenerated (as the one that is
/// replaced), superseded, destroyed, expired or quarantined.
///
/// Which fields there are beside kind and time depends on the kind; later versions may add kinds and fields.
struct Event {
  enum class Kind : std::uint8_t {
    created,          // key: a new anonymous session, or an authenticated one of nobody; replaced: the expired session
                      // of which it is the successor
    authenticated,    // key: a new session of a principal; replaced: what CreateOptions::replaces said
    regenerated,      // key: the session that goes on under a new ID; replaced: that of its ID before
    superseded,       // key: a session that can only be read from now on, because a login took its place
    destroyed,        // key: a session that was ended on purpose
    expired,          // key: a session past its deadline, now removed by a sweep, or replaced by its successor
    refused_id,       // sent: a text that was sent as an ID and is none of this store's (Store::parse)
    recovered,        // key: the record did not verify and was restored from its previous version; detail: why
    quarantined,      // key: the record did not verify and was moved aside, the session is absent; detail: why
    clock_jump,       // a sweep found the wall clock set ahead by clock_jump; nothing is removed for held_for
    lock_timeout,     // key: a session whose lock was waited for in vain, or by too many (StoreOptions::waiter_limit);
                      // holder. The outcome was busy, or not_renewed
    limit_reached,    // a login of the principal was refused (StoreOptions::refuse_beyond_limit)
    abandoned,        // key, if it had a session: a request made changes, or decided on a login or a logout, and ended
                      // without RequestSession::finish and without an exception; nothing was written
    principal_ended,  // all sessions of the principal are being ended, and logins that were under way are refused; each
                      // session that ends is an event of its own
  };
  Kind kind = Kind::created;
  std::chrono::system_clock::time_point time = {};  // on the store's wall clock, when it was told
  std::optional<SessionKey> key = std::nullopt;
  std::optional<SessionKey> replaced = std::nullopt;  // the key of the session whose place `key` takes
  /// Whose session it is: the keyed hash that the store keeps of the principal's name, not the name. recovered,
  /// quarantined and lock_timeout have a principal and no key where they are about the record of the principal itself;
  /// recovered then says that it is to be made again from the sessions, and says it again if that fails.
  std::optional<SessionKey> principal = std::nullopt;
  int holder = 0;  // process ID of who has the lock; 0: not known
  std::chrono::milliseconds clock_jump{0};
  std::chrono::milliseconds held_for{0};
  /// A hash of what was sent, keyed with a secret of the store: 16 hexadecimal digits. The same for the same text in
  /// one store, so that attempts can be counted; good for nothing else.
  std::string sent = {};
  std::string detail = {};  // in words
};

/// The kind's name as it stands in the enumeration.
SESS_API std::string_view to_string(Event::Kind kind) noexcept;

}  // namespace sess
