// Where the store is: parents, file system, room, users.
#include "../failure.hpp"
#include "../human.hpp"
#include "../report.hpp"
#include "examinations.hpp"
#include "mounts.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace sessctl {
namespace {

using Severity = Diagnosis::Severity;

/// "/srv/www" of "/srv/www/sessions"; "/" of "/srv".
std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Diagnoses examine_parents(const Place& place) {
  constexpr mode_t any_writer = S_IWGRP | S_IWOTH;
  Diagnoses found;
  for (std::string path = place.path; path != "/";) {
    path = parent_of(path);
    if (!is_below(place.part, path)) continue;  // it is still to be made
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      found.push_back({"parents", Severity::note,
                       fmt::format("directory \"{}\" cannot be looked at: {}", path, std::strerror(errno))});
      continue;
    }
    const bool is_sticky = (status.st_mode & S_ISVTX) != 0;
    if (is_sticky && path == place.part && (status.st_mode & S_IWOTH) != 0)
      found.push_back(
          {"parents", Severity::warning,
           fmt::format("everybody may write to directory \"{}\", and make there first what is not there yet", path),
           "make the store before others do, or elsewhere"});
    if ((status.st_mode & S_IWOTH) != 0 && !is_sticky)
      found.push_back({"parents", Severity::problem,
                       fmt::format("everybody may write to directory \"{}\", and so put another store in the place of "
                                   "this one",
                                   path),
                       fmt::format("chmod o-w \"{}\"", path)});
    else if ((status.st_mode & any_writer) != 0 && !is_sticky)
      found.push_back({"parents", Severity::warning,
                       fmt::format("group {} may write to directory \"{}\", and so put another store in the place of "
                                   "this one",
                                   status.st_gid, path),
                       fmt::format("chmod g-w \"{}\", unless you trust them all", path)});
    if (status.st_uid != 0 && status.st_uid != place.owner)
      found.push_back({"parents", Severity::warning,
                       fmt::format("directory \"{}\" belongs to user {}, who could put another store in the place of "
                                   "this one",
                                   path, status.st_uid),
                       "give it to root, unless you trust that user"});
  }
  if (found.empty()) {
    const std::string who = place.owner == 0   ? "root"
                            : place.is_there() ? "root and the owner"
                                               : fmt::format("root and user {}", place.owner);
    found.push_back(
        {"parents", Severity::good,
         fmt::format("only {} can put another store in the place of this one, or of a directory above", who)});
  }
  return found;
}

Diagnoses examine_mount(const Place& place, const std::optional<std::uint64_t>& mount_id, const MachineFiles& files) {
  const auto mountinfo = files.read("/proc/self/mountinfo");
  const auto mount = mountinfo ? mount_of(place.path, mount_id, *mountinfo) : std::nullopt;
  if (!mount) return {{"mount", Severity::note, "the kernel does not say which file system this is"}};
  Diagnoses found;
  const auto say = [&](Severity severity, std::string what, std::string advice = {}) {
    found.push_back({"mount", severity, std::move(what), std::move(advice)});
  };
  const std::string name = fmt::format("{} (\"{}\" on \"{}\")", mount->type, mount->source, mount->point);
  if (mount->has_option("ro"))
    say(Severity::problem, name + " is mounted read-only: sessions can be read, and none can be made or changed",
        "mount it read-write");
  if (is_shared(*mount))
    say(Severity::warning,
        name + " may be mounted by other machines, whose locks and caches could not be tried from here",
        "let programs on this machine alone use the store, or put it on a local file system");
  if (mount->type == "overlay" && mount->point == "/")
    say(Severity::warning, name + " goes with its container, and every session with it",
        "mount a volume for the store");
  if (mount->type == "tmpfs" || mount->type == "ramfs")
    say(Severity::note, name + " is in memory: a restart of the machine ends all sessions",
        "use a disk if logins are to outlive that");
  if (mount->has_option("nobarrier") || mount->has_option("barrier=0"))
    say(Severity::warning, name + " has no write barriers: a power cut may take back what was synced",
        "mount it without that option, unless the disk's cache has a battery");
  if (mount->has_option("lazytime"))
    say(Severity::note,
        name + " writes times to disk a day later: a power cut takes renewals back, and sessions end early",
        "mount it with nolazytime");
  if (found.empty()) say(Severity::good, name);
  return found;
}

Room room_at(const std::string& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0)
    throw Failure(exit_code_of(errno), "ask for free space at", path, std::strerror(errno), "check --store");
  return {status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize, status.f_favail, status.f_files};
}

Diagnoses examine_room(const Room& room) {
  constexpr std::uint64_t little = std::uint64_t{1} << 30;  // bytes
  constexpr std::uint64_t few = 100'000;
  const auto is_scarce = [](std::uint64_t free, std::uint64_t all, std::uint64_t enough) {
    return free < enough && free < all / 20;
  };
  Diagnoses found;
  const std::string space = fmt::format("{} of {} are free", human_size(room.bytes), human_size(room.all_bytes));
  if (room.all_bytes == 0)
    found.push_back({"space", Severity::good, "this file system has no limit"});
  else if (room.bytes == 0)
    found.push_back({"space", Severity::problem,
                     "the file system is full: no session can be made, and not every one can be changed",
                     "make room; 'sessctl gc' removes expired sessions, also on a full disk"});
  else if (is_scarce(room.bytes, room.all_bytes, little))
    found.push_back({"space", Severity::warning, space, "make room before new sessions cannot be made"});
  else
    found.push_back({"space", Severity::good, space});
  if (room.all_inodes == 0) {
    found.push_back({"inodes", Severity::good, "this file system has no limit"});
    return found;
  }
  const std::string inodes = fmt::format("{} of {} are free; a session takes two", room.inodes, room.all_inodes);
  if (room.inodes == 0)
    found.push_back({"inodes", Severity::problem, "none is free: no session can be made",
                     "remove files; 'sessctl gc' removes expired sessions"});
  else if (is_scarce(room.inodes, room.all_inodes, few))
    found.push_back({"inodes", Severity::warning, inodes, "remove files before new sessions cannot be made"});
  else
    found.push_back({"inodes", Severity::good, inodes});
  return found;
}

Diagnoses examine_users(const Place& place, const MachineFiles& files) {
  if (!place.is_there()) return {};  // nobody owns what is not there
  // user_namespaces(7): first ID here, first ID outside, how many.
  const auto map = files.read("/proc/self/uid_map");
  if (!map) return {};
  std::optional<std::uint64_t> outside;
  bool is_identity = false;
  for (const std::string& line : lines_of(*map)) {
    std::array<std::uint64_t, 3> numbers{};
    const auto words = words_of(line);
    if (words.size() != numbers.size()) continue;
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers.at(i) = std::strtoull(words[i].c_str(), nullptr, 10);
    const auto [here, there, count] = numbers;
    if (place.owner < here || place.owner - here >= count) continue;
    outside = there + (place.owner - here);
    is_identity = here == there;
  }
  if (!outside)
    return {{"users", Severity::problem,
             fmt::format("the store's owner is no user of this container, which shows him as {}", place.owner),
             "map that user into the container, or make the store as a user of it"}};
  if (is_identity) return {{"users", Severity::good, fmt::format("the store belongs to user {}", place.owner)}};
  return {{"users", Severity::note,
           fmt::format("the store belongs to user {}, who is user {} outside of this container", place.owner, *outside),
           "programs outside must run as that user"}};
}

}  // namespace sessctl
