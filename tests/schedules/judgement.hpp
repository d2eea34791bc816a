// What must be true when nobody is left, and the tidying up that is a test as well.
#pragma once

#include <string>

#include "actor.hpp"
#include "board.hpp"

namespace sess::test {

/// Every session can be locked at once and holds what was acknowledged, and nothing that was not; what was destroyed is
/// gone. Then all time passes, and one sweep of each shard leaves no file. Faults go to the ledger.
void judge_the_end(Board& board, const Store& store, const std::string& path);

/// A spare that verifies is the version before the current one, or one that a killed process did not commit: recovery
/// must not go back farther. A commit adds one mark. True at any moment.
void check_spare(Board& board, unsigned session, const std::string& path);

/// Makes the current version of the session unreadable, as a power cut may, where the protocol promises to restore the
/// one before: nobody holds the lock, and the spare is a whole record with no second name. False if it is not so.
bool damage(Board& board, unsigned session, const std::string& path);

}  // namespace sess::test
