// The systems that are compared; each is in the file of its name.
#pragma once

#include "bench/peer.hpp"

namespace sess::bench {

/// libsess, by its public interface alone.
System libsess();
/// The system calls that libsess's protocol is made of (src/PROTOCOL.md), and nothing else: no check, no encoding.
System bare_calls();
/// What programs write for themselves: a file that is locked beside it, a temporary file, a rename.
System naive_files();
/// SQLite with a write-ahead log; the name is its `synchronous`. FULL alone syncs each commit.
System sqlite_off();
System sqlite_normal();
System sqlite_full();
System lmdb_nosync();
System lmdb_sync();
/// A server of its own at a UNIX socket, which writes nothing to disk. An update takes a lock, or compares and sets.
System redis_lock();
System redis_script();
/// PHP's `files`, in php-cli, with every session that is read kept alive as its defaults do; and with read_and_close
/// wherever a request only reads.
System php();
System php_read_and_close();

/// All of them, libsess and the floor first.
std::vector<System> all_systems();

}  // namespace sess::bench
