#include "prometheus.hpp"

#include "metrics_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sessctl {
namespace {

double seconds(std::chrono::milliseconds duration) { return static_cast<double>(duration.count()) / 1000; }

void add_histogram(MetricsText& text, std::string_view name, std::string_view help, const Histogram& histogram) {
  text.begin(name, "histogram", help);
  const std::string bucket = fmt::format("{}_bucket", name);
  std::uint64_t so_far = 0;
  for (std::size_t at = 0; at < Histogram::ends.size(); ++at) {
    so_far += histogram.counts()[at];
    text.sample(bucket, so_far, fmt::format("le=\"{}\"", Histogram::ends[at].count()));
  }
  text.sample(bucket, histogram.count(), "le=\"+Inf\"");
  text.sample(fmt::format("{}_sum", name), seconds(histogram.sum()));
  text.sample(fmt::format("{}_count", name), histogram.count());
}

}  // namespace

std::string prometheus_text(const Totals& totals, const std::optional<sess::LastSweep>& sweep,
                            const std::optional<sess::ClockHold>& hold, const std::string& path,
                            Clock::time_point now) {
  MetricsText text(path);
  text.begin("sessions", "gauge", "Sessions that have not expired.");
  text.sample("sessions", totals.anonymous, "kind=\"anonymous\"");
  text.sample("sessions", totals.authenticated, "kind=\"authenticated\"");
  text.gauge("unreadable_records", "Records that cannot be read.", totals.unreadable);
  text.gauge("records_bytes", "Size of all records, in bytes.", totals.bytes);
  add_histogram(text, "session_age_seconds", "Time since sessions were made.", totals.ages);
  add_histogram(text, "session_idle_left_seconds", "Time after which sessions expire unless they are used.",
                totals.idle_lefts);
  if (totals.oldest)
    text.gauge("oldest_session_age_seconds", "Age of the oldest session.", seconds(between(*totals.oldest, now)));
  if (sweep) {
    text.gauge("last_sweep_timestamp_seconds", "When the last sweep ended, in seconds since 1970.",
               seconds(between(Clock::time_point(), sweep->finished)));
    text.gauge("last_sweep_duration_seconds", "How long it took.", seconds(sweep->duration));
    text.gauge("last_sweep_examined", "Records that it looked at.", sweep->examined);
    text.gauge("last_sweep_expired", "Expired sessions that it removed.", sweep->expired);
  }
  const sess::ClockHold held = hold.value_or(sess::ClockHold());
  text.gauge("clock_jump_seconds", "By how much the system clock was set ahead, 0 if it is trusted.",
             seconds(held.jump));
  text.gauge("sweeps_held_seconds", "How much longer sweeps remove nothing because of that.", seconds(held.held_for));
  return text.take();
}

}  // namespace sessctl
