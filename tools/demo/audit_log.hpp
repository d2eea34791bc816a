// An audit log: what happens to the sessions of a store, one JSON object a line. An example to copy; it needs nothing
// of the demo.
//
//   auto log = std::make_shared<demo::AuditLog>("/var/log/shop/sessions.jsonl");
//   auto store = sess::Store::open(path, {.on_event = [log](const sess::Event& event) { log->write(event); }});
//
// A line has "time" (RFC 3339, UTC, milliseconds), "event" (the kind's name) and, where the event has them: "key",
// "replaced", "principal" (40 hexadecimal digits each), "sent", "holder", "clock_jump_ms", "held_for_ms", "detail";
// last "pid", of the writer. Pure ASCII, whatever an event holds. Fields may be added, none is renamed.
//
// The file is made with mode 0600 and opened for appending; each line is one write(2), so lines of several processes do
// not mix (on a local file system; on NFS they may). A rotation needs no signal: before each line the name is looked
// at, and opened anew where it has come to mean another file or none. Nothing is synced: a power cut takes the last
// lines.
#pragma once

#include <sess/event.hpp>

#include <cstdint>
#include <mutex>
#include <string>

namespace demo {

/// Thread-safe. Not to be used in a child that was forked while another thread was in write; opened after the fork, or
/// in a program that forks before it has threads, it is.
class AuditLog {
 public:
  /// Opens the file, and makes it if there is none. Throws std::system_error if that fails: better no program than one
  /// that nobody audits.
  explicit AuditLog(std::string path);
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;
  ~AuditLog();

  /// Writes one line. A failure is counted, and no request suffers from it.
  void write(const sess::Event& event) noexcept;
  /// How many events could not be written, or not whole.
  std::uint64_t failures() const noexcept;

 private:
  bool open() noexcept;
  bool is_current() const noexcept;
  void append(const std::string& line) noexcept;

  const std::string path_;
  mutable std::mutex mutex_;
  int file_ = -1;
  bool torn_ = false;  // the last line of this object was cut short
  std::uint64_t failures_ = 0;
};

/// The line of an event, with its line feed.
std::string audit_line(const sess::Event& event);

}  // namespace demo
