// Changes of a store as they happen, whoever makes them: for people who look on, and for tools. No request needs it,
// and no program is slowed down by it but through the kernel's own work (inotify(7)).
#pragma once

#include <sess/export.hpp>
#include <sess/session_id.hpp>
#include <sess/store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace sess {

/// What has happened to a session.
struct Change {
  enum class Kind : std::uint8_t {
    created,
    committed,  // another version
    renewed,    // its deadline was moved, by a touch or a repair
    replaced,   // its ID was replaced by another one's, or leads on to it; the session under that is told by itself
    ended,      // destroyed, before its deadline
    expired,    // removed when its deadline had passed, by a sweep or by somebody else; also one that was destroyed in
                // time, where the watch comes to it later than that; what a replaced ID has left, where the watch
                // has not seen it replaced
    quarantined,  // its record was moved aside
    lost,         // more has happened than could be told: some changes are missing
  };
  Kind kind;
  SessionKey key = {};  // none with lost
  std::chrono::system_clock::time_point seen = {};
  /// As it was just after, where it was still there: of what was created, committed or renewed.
  std::optional<SessionEntry> entry = std::nullopt;
};

/// The name as it stands in the enumeration.
SESS_API std::string_view to_string(Change::Kind kind) noexcept;

/// Looks on from the moment when it is made. Keeps some 60 bytes for each session that there is. Not for several
/// threads at once. Of changes of one session in quick succession the later one's entry may be told with the earlier,
/// and a commit that a new ID follows at once may not be told.
class SESS_API Watch {
 public:
  /// Reads the names and times of all records, and watches 258 directories: a user may have 128 such watches at once,
  /// by default (fs.inotify.max_user_instances). Throws IoError.
  explicit Watch(const Store& store);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// Waits until something happens, at most this long, and visits what has by then, in its order. False once the
  /// store's directories are gone. What `visit` throws comes out; the rest of what was read from the kernel is then
  /// lost. Throws IoError.
  bool wait(std::chrono::milliseconds timeout, const std::function<void(const Change&)>& visit);
  /// How many records there were after the last wait: sessions, those that have expired and were not swept yet, and
  /// what IDs that were replaced have left.
  std::size_t records() const noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace sess
