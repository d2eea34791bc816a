#include "progress.hpp"

#include "human.hpp"
#include "output.hpp"
#include "styled_text.hpp"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>
#include <unistd.h>

namespace sessctl {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience(1000);  // a person begins to wonder
constexpr milliseconds pause(200);      // between two lines: they can be read

// There is a line on the terminal. Threads complain, too.
std::atomic<bool> is_shown = false;

void write_to_terminal(std::string_view text) noexcept {
  // In one call, as everything that is written there. Who is not there need not be told.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

/// Of a process in the background it would be in the way of what the user does meanwhile, or stop it (tostop).
bool in_foreground() noexcept { return ::tcgetpgrp(STDERR_FILENO) == ::getpgrp(); }

}  // namespace

std::string progress_line(std::uint64_t count, std::string_view unit, double share, milliseconds elapsed) {
  std::string line = fmt::format("{} {}", count, unit);
  if (share > 0 && share <= 1) {
    const auto left = std::chrono::duration<double>(elapsed) * ((1 - share) / share);
    line += fmt::format(", {:.0f}%, about {} left", share * 100, human_age(std::chrono::round<milliseconds>(left)));
  }
  return line;
}

Progress::Progress(std::string_view unit) : unit_(unit), is_wanted_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { hide(); }

void Progress::show(std::uint64_t count, double share) {
  if (!is_wanted_) return;
  const auto now = Steady::now();
  if (now - begin_ < patience || now - shown_ < pause) return;
  shown_ = now;
  if (!in_foreground()) return;
  const auto elapsed = std::chrono::floor<milliseconds>(now - begin_);
  const std::string line = "sessctl: " + progress_line(count, unit_, share, elapsed);
  // One column stays free: a terminal may begin a new line when the last one is written to.
  write_to_terminal("\r" + cut_to(line, terminal_size(STDERR_FILENO).columns - 1) + "\x1b[K");
  is_shown = true;
}

void Progress::show(const sess::Progress& progress) {
  show(progress.records, static_cast<double>(progress.parts_done) / std::max(progress.parts, 1U));
}

sess::OnProgress Progress::callback() {
  return [this](const sess::Progress& progress) { show(progress); };
}

void Progress::hide() noexcept {
  if (is_shown.exchange(false)) write_to_terminal("\r\x1b[K");
}

void list_sessions(const sess::Store& store, const std::function<bool(const sess::SessionEntry&)>& visit,
                   const sess::ListOptions& options) {
  Progress progress("sessions");
  std::uint64_t count = 0;
  store.list(
      [&](const sess::SessionEntry& entry) {
        const auto& bytes = entry.key.bytes();
        const double place = bytes[0] + bytes[1] / 256.0;
        progress.show(++count, place / 256);
        return visit(entry);
      },
      options);
}

}  // namespace sessctl
