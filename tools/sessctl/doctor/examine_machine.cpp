// What else the machine does to files: cleaning, mandatory access control, the clock.
#include "../human.hpp"
#include "examinations.hpp"
#include "tmpfiles.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/timex.h>
#include <sys/xattr.h>

namespace sessctl {
namespace {

using Severity = Diagnosis::Severity;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// What systemd takes for yes or no (systemd.syntax(7)); nothing: it passes over such a line.
std::optional<bool> truth_of(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  constexpr auto yes = std::to_array<std::string_view>({"1", "yes", "y", "true", "t", "on"});
  constexpr auto no = std::to_array<std::string_view>({"0", "no", "n", "false", "f", "off"});
  if (std::ranges::find(yes, word) != yes.end()) return true;
  if (std::ranges::find(no, word) != no.end()) return false;
  return std::nullopt;
}

/// The last one counts, and drop-ins come after the file itself (logind.conf(5)).
bool logind_removes_files(const MachineFiles& files) {
  if (!files.is_there("/run/systemd/system")) return false;  // sd_booted(3)
  bool removes = true;
  std::vector<std::string> paths{"/etc/systemd/logind.conf"};
  std::ranges::move(
      files.pieces({"/etc/systemd/logind.conf.d", "/run/systemd/logind.conf.d", "/usr/lib/systemd/logind.conf.d"},
                   ".conf"),
      std::back_inserter(paths));
  for (const std::string& path : paths) {
    for (const std::string& line : lines_of(files.read(path).value_or(""))) {
      const std::size_t equals = line.find('=');
      if (equals == std::string::npos || trimmed(std::string_view(line).substr(0, equals)) != "RemoveIPC") continue;
      removes = truth_of(trimmed(std::string_view(line).substr(equals + 1))).value_or(removes);
    }
  }
  return removes;
}

}  // namespace

Diagnoses examine_cleaning(const Place& place, const MachineFiles& files) {
  Diagnoses found;
  if (const auto cleaning = cleaning_of(place.path, files))
    found.push_back(
        {"cleaning", Severity::problem,
         fmt::format("systemd-tmpfiles deletes {} there: \"{}\" in {}",
                     cleaning->at_boot ? "everything at boot" : "what is old", cleaning->line, cleaning->file),
         cleaning->at_boot
             ? "put the store elsewhere, into /var/lib, for example"
             : fmt::format("put the store elsewhere, or a line 'x {}' into /etc/tmpfiles.d", place.path)});
  constexpr std::uint32_t first_person = 1000;  // login.defs(5), UID_MIN; logind leaves the users of services alone
  if (is_below(place.path, "/dev/shm") && place.owner >= first_person && logind_removes_files(files))
    found.push_back(
        {"cleaning", Severity::problem,
         fmt::format("systemd-logind removes the files of user {} from /dev/shm when he logs out (RemoveIPC)",
                     place.owner),
         "use a system user, or set RemoveIPC=no in /etc/systemd/logind.conf"});
  for (const char* directory : {"/tmp", "/var/tmp"})
    if (is_below(place.path, directory))
      found.push_back(
          {"cleaning", Severity::warning,
           fmt::format("services with PrivateTmp=yes have a {} of their own, and do not see this store", directory),
           "put the store into /var/lib, for example"});
  if (found.empty()) found.push_back({"cleaning", Severity::good, "nobody is known to delete old files there"});
  return found;
}

std::optional<std::string> security_label(const std::string& path) {
  std::array<char, 256> label{};
  const ssize_t size = ::lgetxattr(path.c_str(), "security.selinux", label.data(), label.size());
  if (size <= 0) return std::nullopt;
  std::string text(label.data(), static_cast<std::size_t>(size));
  while (text.ends_with('\0')) text.pop_back();
  return text;
}

Diagnoses examine_security(const std::optional<std::string>& label, const MachineFiles& files) {
  Diagnoses found;
  if (files.word("/sys/fs/selinux/enforce") == "1") {
    constexpr auto unfit = std::to_array<std::string_view>(
        {":default_t:", ":tmp_t:", ":unlabeled_t:", ":user_home_t:", ":user_tmp_t:", ":var_t:", ":var_lib_t:"});
    const std::string text = label.value_or("none");
    const bool is_unfit = !label || std::ranges::any_of(unfit, [&](std::string_view type) {
      return text.find(type) != std::string::npos;
    });
    found.push_back({"security", is_unfit ? Severity::warning : Severity::note,
                     fmt::format("SELinux is enforcing, and the store has the label {}", text),
                     is_unfit
                         ? "a web server may not write there: label it httpd_sys_rw_content_t (semanage-fcontext(8), "
                           "restorecon(8))"
                         : ""});
  }
  if (files.word("/sys/module/apparmor/parameters/enabled") == "Y")
    found.push_back({"security", Severity::note, "AppArmor is on",
                     "a profile of a program that uses the store must permit rwkl for its directory and all below"});
  if (found.empty()) found.push_back({"security", Severity::good, "neither SELinux nor AppArmor is at work"});
  return found;
}

std::optional<bool> is_clock_synchronized() {
  timex clock{};  // modes 0: asks, and changes nothing
  const int state = ::adjtimex(&clock);
  if (state < 0) return std::nullopt;
  return (clock.status & STA_UNSYNC) == 0;
}

Diagnoses examine_clock(std::chrono::system_clock::time_point now, std::optional<bool> is_synchronized) {
  constexpr std::chrono::seconds in_2024(1'704'067'200);
  if (now.time_since_epoch() < in_2024)
    return {{"clock", Severity::problem,
             fmt::format("it says {}: sessions that are made now end once it is right", utc_time(now)),
             "set it, and let something keep it right (systemd-timesyncd, chrony)"}};
  if (is_synchronized == false)
    return {{"clock", Severity::warning,
             fmt::format("it says {}, and the kernel knows of nobody who keeps it right: sessions end too early or too "
                         "late by as much",
                         utc_time(now)),
             "run systemd-timesyncd or chrony, here or on the host"}};
  return {{"clock", Severity::good, "it says " + utc_time(now)}};
}

}  // namespace sessctl
