// How a sweep went, for monitoring: a file for each store in the directory of the textfile collector of Prometheus'
// node exporter.
#pragma once

#include "exit_codes.hpp"
#include "session_facts.hpp"

#include <sess/gc.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sessctl {

/// What it has counted. `path` is the store's, as in all of these.
std::string metrics_of_counts(std::string_view path, const sess::GcReport& report, std::uint64_t purged,
                              std::uint64_t purge_left);
/// How it ended: also where it has counted nothing, or was killed.
std::string metrics_of_end(std::string_view path, ExitCode code, Clock::time_point now);

/// Replaces the file as a whole: nobody reads half of it. Everybody may read it. Throws Failure.
void write_sweep_metrics(const std::string& directory, std::string_view path, std::string_view text);

/// The name of that file: "sessctl-gc-", the path as systemd-escape(1) has it with --path, ".prom". No two stores have
/// the same, and the instance sessctl-gc@... has the name in it. One that is too long for a file ends in XXH3 of it.
std::string metrics_file_name(std::string_view path);

}  // namespace sessctl
