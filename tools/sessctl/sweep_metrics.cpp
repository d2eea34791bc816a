#include "sweep_metrics.hpp"

#include "descriptor.hpp"
#include "failure.hpp"
#include "metrics_text.hpp"
#include "report.hpp"

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

namespace sessctl {
namespace {

template <class Duration>
double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

bool is_plain(char sign) noexcept {
  const bool is_letter = (sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z');
  return is_letter || (sign >= '0' && sign <= '9') || sign == ':' || sign == '_' || sign == '.';
}

bool write_whole(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string metrics_of_counts(std::string_view path, const sess::GcReport& report, std::uint64_t purged,
                              std::uint64_t purge_left) {
  MetricsText text(path);
  text.gauge("gc_duration_seconds", "How long the sweep took.", seconds(report.duration));
  text.gauge("gc_complete", "1: it looked at every shard; 0: its budget was used up before.", report.complete ? 1 : 0);
  text.gauge("gc_examined", "Records that it looked at.", report.examined);
  text.gauge("gc_expired", "Expired sessions that it removed.", report.expired);
  text.gauge("gc_in_use", "Expired sessions that it left because they were in use.", report.in_use);
  text.gauge("gc_leftovers", "Files of killed programs that it removed.", report.leftovers);
  text.gauge("gc_quarantined", "Damaged records that it moved to quarantine.", report.quarantined);
  text.gauge("gc_unreadable", "Files that cannot be read, and stayed.", report.unreadable);
  text.gauge("gc_errors", "Files that could not be examined or removed.", report.errors);
  text.gauge("gc_purged", "Files that it deleted from quarantine.", purged);
  text.gauge("gc_purge_left", "Files in quarantine that are left for the next sweep.", purge_left);
  text.gauge("gc_held_seconds", "For how long nothing is removed yet, because the clock was set ahead.",
             seconds(report.held_for));
  return text.take();
}

std::string metrics_of_end(std::string_view path, ExitCode code, Clock::time_point now) {
  MetricsText text(path);
  text.gauge("gc_exit_code", "Of sessctl gc: 0, or something is wrong.", to_int(code));
  text.gauge("gc_timestamp_seconds", "When it ended, in seconds since 1970.", seconds(now.time_since_epoch()));
  return text.take();
}

std::string metrics_file_name(std::string_view path) {
  std::string name;
  while (path.starts_with('/')) path.remove_prefix(1);
  for (const char sign : path) {
    if (sign == '/') {
      name += '-';
    } else if (is_plain(sign) && !(name.empty() && sign == '.')) {
      name += sign;
    } else {
      name += fmt::format("\\x{:02x}", static_cast<unsigned char>(sign));
    }
  }
  name.insert(0, "sessctl-gc-");
  constexpr std::string_view ending = ".prom";
  constexpr std::string_view random = ".XXXXXX";  // while it is written
  if (const std::size_t room = NAME_MAX - ending.size() - random.size(); name.size() > room) {
    const std::string digest = fmt::format("-{:016x}", ::XXH3_64bits(name.data(), name.size()));
    name.replace(room - digest.size(), name.npos, digest);
  }
  return name.append(ending);
}

void write_sweep_metrics(const std::string& directory, std::string_view path, std::string_view text) {
  const std::string file = directory + "/" + metrics_file_name(path);
  // The collector reads what ends in .prom and nothing else.
  std::string temporary = file + ".XXXXXX";
  const Descriptor out(::mkostemp(temporary.data(), O_CLOEXEC));
  constexpr mode_t everybody_reads = 0644;
  const bool is_done = out && write_whole(out.get(), text) && ::fchmod(out.get(), everybody_reads) == 0 &&
                       ::rename(temporary.c_str(), file.c_str()) == 0;
  if (is_done) return;
  const int number = errno;
  if (out) ::unlink(temporary.c_str());
  const bool is_absent = number == ENOENT || number == ENOTDIR;
  const bool is_refused = number == EACCES || number == EPERM || number == EROFS;
  std::string_view advice = advice_on(number);
  if (is_absent) advice = "name a directory that is there with --metrics";
  if (is_refused) advice = "name a directory with --metrics that this user may write to";
  throw Failure(is_absent ? ExitCode::absent : exit_code_of(number), "write metrics", file, std::strerror(number),
                fmt::format("the sweep did without; {}", advice));
}

}  // namespace sessctl
