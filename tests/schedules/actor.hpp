// One process of a schedule: what it does between its system calls.
#pragma once

#include <sess/store.hpp>

#include <memory>
#include <optional>
#include <string>

#include "board.hpp"
#include "content.hpp"
#include "flawed_system.hpp"
#include "stopping_system.hpp"

namespace sess::test {

/// The operations of one actor in one schedule, drawn from its stream. Each is entered in the ledger before it begins,
/// and, after one more point at which the process may be killed, when it has been answered.
class Actor {
 public:
  /// Opens the store, without stops.
  Actor(Board& board, unsigned number, const std::string& path, Flaw flaw);
  /// Gets the baton first and gives it away at last.
  void run();

 private:
  void one_operation(unsigned place);
  Deed draw_deed();
  void update();
  void merge(bool derived);
  void lock();
  void commit_locked(Session& session, Writing writing);
  void snapshots();
  bool snapshot(std::optional<Snapshot>& found);
  void touch();
  void destroy();
  void create(unsigned place);
  void sweep();

  void begin(Deed deed, bool renews);
  bool answered(Outcome outcome, bool last = true);
  void end();
  void acknowledge_commit(bool renewed);
  void see(std::uint64_t generation, const Values& values);
  CommitOptions draw_options();
  const SessionKey& key() const { return board_.ledger.session(session_).key; }

  Board& board_;
  unsigned number_;
  std::string path_;
  std::shared_ptr<StoppingSystem> stopping_;
  std::optional<Store> store_;
  Dice& dice_;
  unsigned session_ = 0;  // that the present operation is about
};

/// What the parent and the actors open their stores with.
StoreOptions options_of(const Plan& plan, CommitMethod method, Board& board);

/// The next sweep begins with this session's shard. Both are one call of nobody: no order depends on them.
void sweep_begins_at(const std::string& path, const SessionKey& key);

}  // namespace sess::test
