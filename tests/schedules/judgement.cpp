#include "judgement.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <numeric>
#include <set>
#include <vector>

#include "format/names.hpp"
#include "support/temporary_directory.hpp"

namespace sess::test {

namespace {

using std::chrono::milliseconds;

void look_at(Board& board, const Store& store, unsigned number) {
  Ledger& ledger = board.ledger;
  ledger.begin(the_controller, Deed::look, number, false, board.clock);
  const Promised& session = ledger.session(number);
  {
    Result<Session> locked = store.lock(session.key, {.timeout = milliseconds(0), .renew = false});
    ledger.judge(the_controller, locked.outcome(), board.clock);
    if (locked) {
      ledger.see(the_controller, locked->facts().generation, content_of(locked->values()));
      const auto done = static_cast<unsigned>(std::popcount(session.killed & session.seen));
      board.tally.add(Count::killed_and_done, done);
      board.tally.add(Count::killed_and_undone, static_cast<unsigned>(std::popcount(session.killed)) - done);
    }
  }
  ledger.end(the_controller, board.clock);
}

/// Each at the last moment at which it must still be there, after a sweep in that moment.
void look_at_all(Board& board, const Store& store, const std::string& path) {
  const Ledger& ledger = board.ledger;
  std::vector<unsigned> numbers(ledger.session_count());
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::ranges::stable_sort(numbers, {}, [&](unsigned number) { return ledger.session(number).lives_at_least; });
  for (const unsigned number : numbers) {
    board.clock.wall = std::max(board.clock.wall, ledger.session(number).lives_at_least - 1);
    sweep_begins_at(path, ledger.session(number).key);
    static_cast<void>(store.gc({.budget = milliseconds(1)}));
    look_at(board, store, number);
    check_spare(board, number, path);
    if (ledger.failed()) return;
  }
}

}  // namespace

void judge_the_end(Board& board, const Store& store, const std::string& path) {
  look_at_all(board, store, path);
  if (board.ledger.failed()) return;

  board.clock.wall += milliseconds(std::chrono::hours(24 * 400)).count();
  std::set<std::string> shards;
  for (unsigned i = 0; i < board.ledger.session_count(); ++i) {
    const SessionKey& key = board.ledger.session(i).key;
    const std::string shard = format::shard_of(key).c_str();
    if (!shards.insert(shard).second) continue;
    sweep_begins_at(path, key);
    const GcReport report = store.gc({.budget = milliseconds(1)});
    board.tally.add(Count::leftovers, report.leftovers);
    if (!report.status.ok()) return board.ledger.fault("the last sweep was busy");
    if (report.errors > 0) return board.ledger.fault("the last sweep met an error: " + report.first_error);
    for (const std::string& file : files_below(path + "/shards/" + shard))
      board.ledger.fault("after a sweep with everything old there is " + file);
  }
}

}  // namespace sess::test
