// A program that works on a store until the machine stops, and what it has been answered until then.
#pragma once

#include "support/fake_system.hpp"

#include <sess/sess.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace sess::test {

inline constexpr const char* store_path = "/srv/store";

/// What is known of a session at the moment of the cut.
struct History {
  std::map<std::int64_t, std::size_t> versions;  // number -> size of the text, of each that was tried
  std::int64_t acknowledged = 0;                 // the newest that was answered with ok; 0: none
  std::int64_t promised = 0;                     // the oldest that a cut may leave; 0: it may take the session
  int relaxed = 0;                               // commits without a sync since all of it was on the disk
  bool spare = false;                            // the spare holds a version
  bool destroy_tried = false;
  bool destroy_acknowledged = false;
  friend bool operator==(const History&, const History&) = default;
};

/// Thrown where an answer says that the machine may have stopped.
struct Stopped {};

struct Machine {
  std::shared_ptr<FakeSystem> system;
  std::optional<Store> store = {};
  std::optional<SessionKey> key = {};
  std::optional<SessionId> id = {};
  History history = {};
  /// What else must hold of the store that is left, and of the machine that it is looked at on.
  std::function<bool(FakeSystem&, Store&)> also = nullptr;

  // Each throws if the machine has stopped.

  Session create();
  /// The next version, with a text of this size.
  void commit(Session& session, std::size_t size, const CommitOptions& options = {});
  void commit(Session& session, const std::vector<std::size_t>& sizes, const CommitOptions& options = {});
  void destroy(Session session);
  /// Everything reaches the disk by itself, as it does after half a minute.
  void settle();
  /// The session, locked again.
  Session lock() const;
};

using Program = std::function<void(Machine&)>;

void write_version(Editor& editor, std::int64_t number, std::size_t size);
/// True if these are the values of a version that was tried.
bool is_version(const Snapshot& snapshot, const History& history);
std::int64_t number_of(const Snapshot& snapshot);

}  // namespace sess::test
