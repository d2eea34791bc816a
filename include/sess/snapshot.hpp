// A snapshot: one committed version of a session, read without a lock.
#pragma once

#include <sess/editor.hpp>
#include <sess/export.hpp>
#include <sess/session_id.hpp>
#include <sess/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace sess {

class Changes;
class Store;
namespace format {
class SealingKey;
}

/// Facts about a version that are not values.
struct SessionFacts {
  SessionKind kind = SessionKind::anonymous;
  std::uint64_t generation = 0;  // 1 for the first version; each commit raises it
  std::chrono::system_clock::time_point created = {};
  std::chrono::system_clock::time_point deadline = {};           // when it expires unless it is renewed
  std::chrono::system_clock::time_point absolute_deadline = {};  // when it expires whatever happens
  std::chrono::milliseconds idle_timeout{0};
  /// Of a superseded session that was regenerated: what it goes on as.
  std::optional<SessionKey> successor = std::nullopt;
  bool sealed = false;     // its values can be read only with its ID (StoreOptions::sealed)
  std::uint64_t size = 0;  // of the record, in bytes; 0 before the first version
};

/// Immutable and cheap to copy; stays valid whatever happens to the session or the store. Copies may be read
/// by several threads at once. One that has been moved from has no values.
class SESS_API Snapshot {
 public:
  // Made by Store; not for use by programs. `sealing`: of a sealed session, for a merge of what is made of this.
  Snapshot(const SessionKey& key, const SessionFacts& facts, std::shared_ptr<const Values> values,
           std::shared_ptr<const format::SealingKey> sealing = nullptr) noexcept;

  /// The value called `name`, or nothing. Throws TypeMismatch if it is not a T.
  template <class T>
  std::optional<T> get(std::string_view name) const {
    const auto found = values().find(name);
    if (found == values().end()) return std::nullopt;
    return found->second.as<T>(name);
  }
  bool has(std::string_view name) const { return values().contains(name); }
  const Values& values() const noexcept;
  /// The same values, kept alive by whoever holds them; null only for a snapshot that has been moved from.
  const std::shared_ptr<const Values>& shared_values() const noexcept { return values_; }
  const SessionKey& key() const noexcept { return key_; }
  const SessionFacts& facts() const noexcept { return facts_; }

  /// Starts changes on this version, to be given to Store::merge.
  Changes edit() const;

 private:
  SessionKey key_;
  friend class Changes;
  SessionFacts facts_;
  std::shared_ptr<const Values> values_;
  std::shared_ptr<const format::SealingKey> sealing_;
};

/// Changes made on a snapshot: nothing happens to the session before Store::merge.
class SESS_API Changes : public Editor {
 public:
  explicit Changes(const Snapshot& snapshot);
  ~Changes() override;
  Changes(const Changes&) = default;
  Changes(Changes&&) noexcept = default;
  Changes& operator=(const Changes&) = default;
  Changes& operator=(Changes&&) noexcept = default;

  const SessionKey& key() const noexcept { return key_; }

 private:
  friend class Store;
  SessionKey key_;
  std::shared_ptr<const format::SealingKey> sealing_;
};

}  // namespace sess
