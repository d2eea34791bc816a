#include "command_line.hpp"
#include "doctor/diagnosis.hpp"
#include "doctor/examinations.hpp"
#include "doctor/mounts.hpp"
#include "doctor/onlooker.hpp"
#include "escape.hpp"
#include "failure.hpp"
#include "json_value.hpp"
#include "open_store.hpp"
#include "session_facts.hpp"

#include <sess/error.hpp>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace sessctl {

std::string_view to_string(Diagnosis::Severity severity) noexcept {
  constexpr std::array<std::string_view, 4> names{"good", "note", "warning", "problem"};
  return names.at(static_cast<std::size_t>(severity));
}

namespace {

using Severity = Diagnosis::Severity;

Accent accent_of(Severity severity) {
  constexpr std::array<Accent, 4> accents{Accent::good, Accent::none, Accent::warning, Accent::problem};
  return accents.at(static_cast<std::size_t>(severity));
}

/// Prints diagnoses as they come, and counts them.
class Examination {
 public:
  Examination(Output& out, bool json, bool quiet) : out_(out), json_(json), quiet_(quiet) {}

  void add(const Diagnoses& diagnoses) {
    for (const Diagnosis& diagnosis : diagnoses) add(diagnosis);
  }

  void add(const Diagnosis& diagnosis) {
    ++counts_.at(static_cast<std::size_t>(diagnosis.severity));
    if (json_) {
      out_.print_line(JsonLine()
                          .add("subject", diagnosis.subject)
                          .add("severity", to_string(diagnosis.severity))
                          .add("what", diagnosis.what)
                          .add("advice", or_null(diagnosis.advice))
                          .text());
    } else if (!quiet_ || diagnosis.severity >= Severity::warning) {
      const std::string text = fmt::format("  {:<8}  {}{}{}", diagnosis.subject, diagnosis.what,
                                           diagnosis.advice.empty() ? "" : "; ", diagnosis.advice);
      out_.print_line({{fmt::format("{:<7}", to_string(diagnosis.severity)), accent_of(diagnosis.severity)},
                       {without_controls(text)}});
    }
  }

  void finish(const std::string& path) {
    if (json_)
      out_.print_line(JsonLine()
                          .add("path", path)
                          .add("good", count(Severity::good))
                          .add("notes", count(Severity::note))
                          .add("warnings", count(Severity::warning))
                          .add("problems", count(Severity::problem))
                          .text());
  }

  std::uint64_t count(Severity severity) const { return counts_.at(static_cast<std::size_t>(severity)); }

 private:
  Output& out_;
  bool json_;
  bool quiet_;
  std::array<std::uint64_t, 4> counts_{};
};

/// The directory of the store; where there is none, where it would be.
Place place_of(const std::string& path) {
  std::error_code error;
  std::filesystem::path part = std::filesystem::absolute(path, error).lexically_normal();
  if (!part.has_filename()) part = part.parent_path();  // of "/srv/store/"
  std::filesystem::path missing;
  while (part.has_relative_path() && !std::filesystem::is_directory(part, error)) {
    missing = missing.empty() ? part.filename() : part.filename() / missing;
    part = part.parent_path();
  }
  if (const std::filesystem::path real = std::filesystem::canonical(part, error); !error) part = real;
  struct stat status {};
  if (!missing.empty() || ::stat(part.c_str(), &status) != 0) status.st_uid = ::geteuid();
  return {missing.empty() ? part : part / missing, status.st_uid, part};
}

void examine_place(const Place& place, Examination& examination) {
  const MachineFiles files;
  examination.add(examine_parents(place));
  examination.add(examine_mount(place, mount_id_of(place.part), files));
  examination.add(examine_room(room_at(place.part)));
  examination.add(examine_users(place, files));
  examination.add(examine_cleaning(place, files));
  examination.add(examine_security(security_label(place.part), files));
  examination.add(examine_clock(Clock::now(), is_clock_synchronized()));
}

/// As the store's owner from here on. Throws Failure where the store cannot be used.
void examine_inside(const std::string& path, Examination& examination) {
  const sess::Store store = open_store(path);
  examination.add(examine_store(store.facts(), store.last_sweep(), store.clock_hold(), Clock::now()));
  try {
    const sess::FileSystemTrial found = sess::try_file_system(path, look_from_elsewhere);
    examination.add(examine_trial(found));
    examination.add(examine_memory(store.facts(), found));
  } catch (const sess::IoError& error) {
    examination.add(examine_failed_trial(error));
  }
}

}  // namespace

ExitCode run_doctor(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "Tries and looks at what a store rests on, and says what to change: locks, times and renames,\n"
                   "between two processes; the file system and its mount, room on it, who may write to the\n"
                   "directories above; containers, systemd's cleaning of temporary files, SELinux and AppArmor;\n"
                   "the clock; when the store was swept. For the trials two files are made in the store's\n"
                   "directory 'quarantine' and removed; of a store that has moved to another file system the file\n"
                   "'store' is written again, as by every program that opens it. Sessions are not looked at: see\n"
                   "'sessctl verify'.\n"
                   "\n"
                   "Where there is no store, it says what it can of the place. Run it as the programs that use the\n"
                   "store run: in their container, as their user. Root becomes the store's owner for the trials.\n"
                   "\n"
                   "A line is: severity, subject, what was found, what to do. Problems keep the store from doing\n"
                   "what it promises, or from working at all; the exit code is 78 then. Warnings are about losing\n"
                   "sessions, or room, one day.\n"
                   "\n"
                   "  sessctl --store /var/lib/site/sessions doctor\n");
  bool quiet = false;
  line.add_flag("--quiet", quiet, "For cron: print warnings and problems only");
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  if (quiet && line.json()) line.fail("--quiet contradicts --json");

  const std::string path = line.store_path();
  Examination examination(invocation.out, line.json(), quiet);
  try {
    // As whoever runs this, who may see more than the owner.
    examine_place(place_of(path), examination);
    examine_inside(path, examination);
  } catch (const OutputClosed&) {
    throw;
  } catch (const std::exception&) {
    // The store cannot be used, and the code says why.
    examination.finish(path);
    throw;
  }
  examination.finish(path);
  if (const std::uint64_t problems = examination.count(Severity::problem); problems > 0)
    throw Failure(
        ExitCode::config, "examine store", path,
        fmt::format("there {} {} problem{}", problems == 1 ? "is" : "are", problems, problems == 1 ? "" : "s"),
        "standard output says what to change");
  return ExitCode::ok;
}

}  // namespace sessctl
