// What is behind a locked session.
#pragma once

#include "backend/record_store.hpp"
#include "format/header.hpp"
#include "format/sealing.hpp"
#include "store/core.hpp"

#include <sess/session.hpp>
#include <sess/session_id.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace sess {

class Session::State {
 public:
  std::shared_ptr<const Store::Core> core;
  SessionKey key;
  std::optional<SessionId> id;
  SessionFacts facts;
  format::Header header;                              // of the current version, or of the first one to come
  std::unique_ptr<backend::LockedRecord> record;      // null: not created yet, or released
  std::shared_ptr<const format::SealingKey> sealing;  // there if the header says sealed
  bool created = true;                                // false until the first commit of a new session
  std::optional<std::uint64_t> since = {};            // of a login; nothing: it could not be told when
  std::optional<SessionKey> continues = {};           // of what was regenerated: see NewEntry
  std::optional<SessionKey> replaces = {};            // of a login: see NewEntry; of a successor: what it succeeds
  std::optional<std::chrono::milliseconds> list_timeout = {};  // for the principal's list; nothing: the store's
  bool tells = true;                                           // of its making; false: who has it made tells
  bool released = false;
  bool on_disk = false;                          // the current version, as far as this session knows
  std::shared_ptr<const Values> read = nullptr;  // what load() answers the next time, which then cannot fail

  /// Of a locked record. `sealing` where it is sealed.
  static std::unique_ptr<State> locked(std::shared_ptr<const Store::Core> core,
                                       std::unique_ptr<backend::LockedRecord> record,
                                       std::shared_ptr<const format::SealingKey> sealing);
  /// A session of this ID that is still to be created, with these timeouts in milliseconds; sealed if the store's
  /// options say so.
  static std::unique_ptr<State> fresh(std::shared_ptr<const Store::Core> core, SessionId id, std::int64_t idle_timeout,
                                      std::int64_t lifetime);
  /// Of a session that is still to be created: has it sealed.
  void seal();
  /// Values of the locked version. Throws CorruptRecord if they cannot be decoded.
  std::shared_ptr<const Values> load();
  /// Writes these values, with the timeouts that the editor has set, as the next version; or renews the deadline where
  /// nothing has changed. ok, expired or durability_unknown; of a login also gone, limit_reached or busy.
  Status commit(const Values& values, const Editor& editor, const CommitOptions& options);
  /// Ends the session, if it was created, and releases its lock.
  Outcome destroy();
  void release() noexcept;
  /// Renews the deadline of the locked version where that is due.
  void renew();
  /// Tells that it has been made, unless that is told elsewhere.
  void tell_of_creation(Outcome outcome) const noexcept;
  /// Freezes the locked version for the grace time. `successor`: the session that this one goes on as, if any.
  Outcome supersede(const SessionKey& successor);
  /// Replaces the locked version by what leads to `successor`: the payload of a forward record.
  Outcome supersede_leading(const format::Header& successor, std::span<const std::byte> forward);

 private:
  Outcome supersede_until(std::int64_t deadline, const SessionKey& successor, backend::NewVersion frozen);
  bool holds(std::span<const std::byte> plain) const;
  Status create(const format::Header& first, std::span<const std::byte> payload, bool durable);
  Outcome create_record(const format::Header& first, std::span<const std::byte> payload, bool durable);
};

/// What the values of a version are sealed with; null if they are not. Throws SealedRecord if they are and only the key
/// is known.
std::shared_ptr<const format::SealingKey> sealing_of(const format::Header& header, const SessionRef& session);

/// Decodes a version's payload; `sealing` is that of a sealed one; one that leads on has none. Throws CorruptRecord,
/// naming the session, also where the seal does not fit.
std::shared_ptr<const Values> decode_values_of(const backend::Version& version, const format::SealingKey* sealing);

}  // namespace sess
