// What doctor looks at, one thing each. Nothing here changes anything.
#pragma once

#include "diagnosis.hpp"
#include "machine_files.hpp"

#include <sess/error.hpp>
#include <sess/gc.hpp>
#include <sess/store.hpp>
#include <sess/trial.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sessctl {

/// Where a store is, or could be made.
struct Place {
  std::string path;         // absolute, without symbolic links
  std::uint32_t owner = 0;  // its owner; where nothing is there, who would make it
  std::string part = path;  // as much of the path as there is: a directory
  bool is_there() const { return part == path; }
};

/// Whose the directories above it are, those that there are, and who may write to them.
Diagnoses examine_parents(const Place& place);
/// The file system, by its name and its options. `mount_id`: mount_id_of.
Diagnoses examine_mount(const Place& place, const std::optional<std::uint64_t>& mount_id, const MachineFiles& files);

/// What is free for the owner, and how much there is in all; 0 of 0: there is no limit.
struct Room {
  std::uint64_t bytes = 0;
  std::uint64_t all_bytes = 0;
  std::uint64_t inodes = 0;
  std::uint64_t all_inodes = 0;
};
/// Throws Failure (io).
Room room_at(const std::string& path);
Diagnoses examine_room(const Room& room);

/// User IDs that are others outside of this container.
Diagnoses examine_users(const Place& place, const MachineFiles& files);
/// Who deletes files there: systemd-tmpfiles and systemd-logind; and who does not see them.
Diagnoses examine_cleaning(const Place& place, const MachineFiles& files);

/// The store's SELinux label; nothing where it has none.
std::optional<std::string> security_label(const std::string& path);
Diagnoses examine_security(const std::optional<std::string>& label, const MachineFiles& files);

/// Whether the kernel's clock is kept right by somebody (adjtimex(2)); nothing where it cannot be asked.
std::optional<bool> is_clock_synchronized();
Diagnoses examine_clock(std::chrono::system_clock::time_point now, std::optional<bool> is_synchronized);

/// What the file system does, tried.
Diagnoses examine_trial(const sess::FileSystemTrial& found);
/// Where the store goes by something else than what was found: nothing, or what to do.
Diagnoses examine_memory(const sess::StoreFacts& facts, const sess::FileSystemTrial& found);
/// Why it could not be tried.
Diagnosis examine_failed_trial(const sess::IoError& error);
/// What the store says of itself, and when it was swept.
Diagnoses examine_store(const sess::StoreFacts& facts, const std::optional<sess::LastSweep>& sweep,
                        const std::optional<sess::ClockHold>& hold, std::chrono::system_clock::time_point now);

}  // namespace sessctl
