#include "demo/audit_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

namespace demo {

namespace {

std::string rfc3339(std::chrono::system_clock::time_point time) {
  using std::chrono::milliseconds;
  const auto since = std::chrono::floor<milliseconds>(time.time_since_epoch());
  const auto second = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t seconds = second.count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, (since - second).count());
}

}  // namespace

std::string audit_line(const sess::Event& event) {
  nlohmann::ordered_json line;
  line["time"] = rfc3339(event.time);
  line["event"] = to_string(event.kind);
  if (event.key) line["key"] = event.key->to_string();
  if (event.replaced) line["replaced"] = event.replaced->to_string();
  if (event.principal) line["principal"] = event.principal->to_string();
  if (!event.sent.empty()) line["sent"] = event.sent;
  if (event.holder != 0) line["holder"] = event.holder;
  if (event.kind == sess::Event::Kind::clock_jump) {
    line["clock_jump_ms"] = event.clock_jump.count();
    line["held_for_ms"] = event.held_for.count();
  }
  if (!event.detail.empty()) line["detail"] = event.detail;
  line["pid"] = ::getpid();
  // ASCII: neither a control character nor a line of its own can come out of what an event quotes.
  return line.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

AuditLog::AuditLog(std::string path) : path_(std::move(path)) {
  if (!open()) throw std::system_error(errno, std::generic_category(), "open audit log \"" + path_ + "\"");
}

AuditLog::~AuditLog() {
  if (file_ >= 0) ::close(file_);
}

bool AuditLog::open() noexcept {
  if (file_ >= 0) ::close(file_);
  // No symbolic link: the name is in a directory that others may write to, perhaps.
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  torn_ = false;
  return file_ >= 0;
}

bool AuditLog::is_current() const noexcept {
  struct ::stat opened {};
  struct ::stat named {};
  return file_ >= 0 && ::fstat(file_, &opened) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

void AuditLog::append(const std::string& line) noexcept {
  // One call for one line. What a full disk has cut short is ended before the next line begins.
  const std::string_view rest(line);
  const std::string_view text = torn_ ? rest : rest.substr(1);
  ssize_t written = 0;
  do {
    written = ::write(file_, text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(text.size())) {
    torn_ = false;
    return;
  }
  ++failures_;
  torn_ = torn_ || written > 0;
}

void AuditLog::write(const sess::Event& event) noexcept {
  const std::lock_guard guard(mutex_);
  try {
    const std::string line = "\n" + audit_line(event);
    if (is_current() || open()) {
      append(line);
    } else {
      ++failures_;
    }
  } catch (const std::exception&) {
    ++failures_;  // no memory
  }
}

std::uint64_t AuditLog::failures() const noexcept {
  const std::lock_guard guard(mutex_);
  return failures_;
}

}  // namespace demo
