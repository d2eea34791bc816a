#include "support/broken_system.hpp"

#include "sys/posix_system.hpp"

#include <utility>

namespace sess::test {

thread_local int BrokenSystem::last_opened_ = -1;

BrokenSystem::BrokenSystem(Breakage breakage) : BrokenSystem(std::make_shared<sys::PosixSystem>(), breakage) {}

BrokenSystem::BrokenSystem(std::shared_ptr<sys::System> inner, Breakage breakage)
    : ForwardingSystem(std::move(inner)), breakage_(breakage) {}

int BrokenSystem::open(int directory, const char* path, sys::OpenMode mode) {
  const int descriptor = ForwardingSystem::open(directory, path, mode);
  if (descriptor >= 0 && mode != sys::OpenMode::directory) last_opened_ = descriptor;
  return descriptor;
}

int BrokenSystem::try_lock(int descriptor) {
  return breakage_ == Breakage::no_lock ? 0 : ForwardingSystem::try_lock(descriptor);
}

int BrokenSystem::status(int descriptor, sys::FileStatus& status) {
  const int answer = ForwardingSystem::status(descriptor, status);
  if (breakage_ == Breakage::frozen_stamp) status.modified.nanoseconds = 0;
  return answer;
}

int BrokenSystem::status_at(int directory, const char* path, sys::FileStatus& status) {
  if (breakage_ == Breakage::blind_status && last_opened_ >= 0 && ForwardingSystem::status(last_opened_, status) == 0)
    return 0;
  const int answer = ForwardingSystem::status_at(directory, path, status);
  if (breakage_ == Breakage::frozen_stamp) status.modified.nanoseconds = 0;
  return answer;
}

int BrokenSystem::set_times(int descriptor, sys::FileTime time) {
  return breakage_ == Breakage::no_times ? 0 : ForwardingSystem::set_times(descriptor, time);
}

int BrokenSystem::sync(int descriptor) {
  return breakage_ == Breakage::no_sync ? 0 : ForwardingSystem::sync(descriptor);
}

int BrokenSystem::sync_file_system(int descriptor) {
  return breakage_ == Breakage::no_sync ? 0 : ForwardingSystem::sync_file_system(descriptor);
}

int BrokenSystem::sync_data(int descriptor) {
  return breakage_ == Breakage::no_sync ? 0 : ForwardingSystem::sync_data(descriptor);
}

bool BrokenSystem::announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) {
  if (breakage_ == Breakage::blind_to_forks) forks = fork_count();
  return breakage_ == Breakage::fork_keeps_locks || ForwardingSystem::announce_lock(descriptor, identity, forks);
}

bool BrokenSystem::withdraw_lock(int descriptor) {
  return breakage_ == Breakage::fork_keeps_locks || ForwardingSystem::withdraw_lock(descriptor);
}

}  // namespace sess::test
