// The exit codes of sessctl. They are those of sysexits.h, and scripts rely on them: a code keeps its meaning.
#pragma once

namespace sessctl {

enum class ExitCode : int {
  ok = 0,
  usage = 64,           // the command line cannot be understood, or a key prefix fits several sessions
  data = 65,            // a record does not verify, does not decode, or would exceed the store's size limit; a value of
                        // another type
  absent = 66,          // no such store, no such session, no such value
  internal = 70,        // a bug in sessctl or libsess
  cannot_create = 73,   // init: the store cannot be made there
  io = 74,              // a read, write or sync failed: disk full, I/O error, standard output that cannot be written
  busy = 75,            // a session's lock, or the sweep's, was not free in time; try again
  no_permission = 77,   // the store belongs to somebody else, or the file system refuses, or the session is sealed
  config = 78,          // the store is of a newer format, or its own files are damaged or missing
  output_closed = 141,  // the reader of the output went away; as if by SIGPIPE, and without words
};

constexpr int to_int(ExitCode code) noexcept { return static_cast<int>(code); }

}  // namespace sessctl
