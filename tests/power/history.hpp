// What is known of each session at the moment of a cut, from the ledger.
#pragma once

#include "ledger.hpp"

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace sess::test::power {

/// What happened to a session since the file system was last synced as a whole.
enum class Kind : std::uint8_t {
  created,          // it was created, and nothing since
  created_changed,  // it was created, and changed once: a temp file, exchanged in
  created_steady,   // it was created, and changed more than once
  settled,          // nothing: it must be there at every level
  settled_first,    // its first change, by a temp file
  settled_once,     // one change, by its spare
  settled_steady,   // several changes: both of its files are dirty
  destroyed,        // at any time
};
inline constexpr int kind_count = 8;
std::string_view to_string(Kind kind);
std::string_view to_string(Level level);

struct History {
  Level level = Level::durable;
  SessionKey::Bytes key = {};
  std::uint32_t acknowledged = 0;  // newest version that was answered before the cut; 0: none
  std::uint32_t tried = 0;         // newest version that anybody had begun to write
  std::uint32_t settled = 0;       // version that a sync of everything has certainly put on disk
  bool last_is_durable = false;    // the newest acknowledged commit was, and no relaxed one was begun after it
  bool destroy_tried = false;
  bool destroy_acknowledged = false;

  Kind kind() const;
  /// The oldest version that may come back; 0: none, the session may be gone.
  std::uint32_t oldest_allowed() const;
};

/// By session number. `before`: length of the ledger in bytes when the cut had surely not begun; `after`: when it was
/// surely over. What was answered before counts as promised, what was begun by `after` as possible.
std::map<std::uint32_t, History> read_histories(const std::vector<Entry>& ledger, std::uint64_t before,
                                                std::uint64_t after);

}  // namespace sess::test::power
