// The process that comes after a killed one: everything it sees of the session must be as if the operation had not
// begun, or had come to its end.
#pragma once

#include "scene.hpp"
#include "sight.hpp"
#include "subject.hpp"

#include <sess/sess.hpp>

#include <optional>
#include <set>
#include <string>
#include <tuple>

namespace sess::test {

/// In this order, but for what the look begins with: the files as they are; a snapshot and a lock without waiting,
/// which must agree; an update; a sweep, after which no stray file is left; the end of the session. Uses up the
/// session.
class Onlooker {
 public:
  Onlooker(const Scene& scene, const Expected& expected);

  Finding look(Look look);

 private:
  using Stamp = std::tuple<std::uint64_t, sys::FileTime>;  // inode and mtime: names a version

  void see_files();
  void see_record(const RawFile& record);
  void note_traces();
  void see(const char* who, const Seen& seen);
  void update();
  void sweep();
  void check_no_stray_file();
  void check_unswept();
  void end();
  void wrong(const std::string& what);

  const Scene& scene_;
  const Expected& expected_;
  Store store_;
  std::optional<Sight> sight_;         // what has been seen of the session so far
  std::uint64_t generation_;           // the highest that has been seen
  std::uint64_t highest_on_disk_ = 0;  // that any file of the session names, committed or not
  std::set<Stamp> stamps_;             // of these files
  Finding finding_;
};

}  // namespace sess::test
