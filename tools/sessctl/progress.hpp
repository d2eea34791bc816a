// How far a command has come that takes longer than a second: a line on standard error that is written over, and gone
// when the command ends.
#pragma once

#include <sess/progress.hpp>
#include <sess/store.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sessctl {

/// "12345 records, 34%, about 12s left". What is left is guessed from what it took so far; nothing of it where `share`
/// is not above 0.
std::string progress_line(std::uint64_t count, std::string_view unit, double share, std::chrono::milliseconds elapsed);

/// Says nothing unless standard error is a terminal and this process is in its foreground. One at a time in a process.
class Progress {
 public:
  /// `unit` is what is counted: "records".
  explicit Progress(std::string_view unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `share` of all, from 0 to 1; negative where that is not known. Cheap: most calls only look at the clock.
  void show(std::uint64_t count, double share = -1);
  void show(const sess::Progress& progress);
  /// For sess::GcOptions and the like; must not outlive this.
  sess::OnProgress callback();

  /// Clears the line, for whoever writes to the terminal; the next show brings it back.
  static void hide() noexcept;

 private:
  using Steady = std::chrono::steady_clock;

  std::string unit_;
  bool is_wanted_;
  Steady::time_point begin_ = Steady::now();
  Steady::time_point shown_ = begin_;
};

/// Store::list with progress: it comes in the order of the keys, which are hashes, so that one tells how far it is.
void list_sessions(const sess::Store& store, const std::function<bool(const sess::SessionEntry&)>& visit,
                   const sess::ListOptions& options = {});

}  // namespace sessctl
