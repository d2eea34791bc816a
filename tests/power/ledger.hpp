// The ledger: what was tried and what was answered, kept outside the image that the power cut is about.
//
// One file on tmpfs, appended to by all workers, so that its length at a moment separates what was answered before from
// what was not. An operation writes its intent before it begins and its answer before the next one begins; those of one
// session are in order, because they are written under its lock.
#pragma once

#include <sess/session_id.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sess::test::power {

enum class Step : std::uint8_t {
  commit_tried,
  commit_acknowledged,
  destroy_tried,
  destroy_acknowledged,
  settled,  // `position`: what had been answered before this length of the ledger is on disk now
};

/// What the commits of a session ask for.
enum class Level : std::uint8_t {
  durable,
  relaxed,
  mixed,     // now this, now that
  scrubbed,  // durable, and what is replaced is overwritten
  early,     // relaxed, with StoreOptions::early_writeback; only where all sessions are
};
inline constexpr int level_count = 5;

/// In the byte order of this machine: who reads it is on the same one.
struct Entry {
  Step step = Step::commit_tried;
  Level level = Level::durable;  // of the session
  bool durable = false;          // of this commit; a session of level `mixed` has both kinds
  std::uint32_t session = 0;     // number, given out once
  std::uint32_t version = 0;     // 1 for the first
  std::uint64_t position = 0;    // in bytes
  SessionKey::Bytes key = {};
};

class Ledger {
 public:
  /// Opens it, or makes it. Throws std::runtime_error.
  explicit Ledger(const std::string& path);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  ~Ledger();

  void append(const Entry& entry) const;
  /// In bytes.
  std::uint64_t length() const;

 private:
  int file_;
};

/// All of it that is there.
std::vector<Entry> read_ledger(const std::string& path);

}  // namespace sess::test::power
