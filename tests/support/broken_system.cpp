#include "support/broken_system.hpp"

namespace sess::test {

thread_local int BrokenSystem::last_opened_ = -1;

int BrokenSystem::open(int directory, const char* path, sys::OpenMode mode) {
  const int descriptor = real_.open(directory, path, mode);
  if (descriptor >= 0 && mode != sys::OpenMode::directory) last_opened_ = descriptor;
  return descriptor;
}

int BrokenSystem::try_lock(int descriptor) {
  if (breakage_ == Breakage::no_lock) return 0;
  const int answer = real_.try_lock(descriptor);
  thread_local unsigned turn = 0;
  if (breakage_ == Breakage::lost_lock && answer < 0 && ++turn % 64 == 0) return 0;
  return answer;
}

int BrokenSystem::status(int descriptor, sys::FileStatus& status) {
  const int answer = real_.status(descriptor, status);
  if (breakage_ == Breakage::frozen_stamp) status.modified.nanoseconds = 0;
  return answer;
}

int BrokenSystem::status_at(int directory, const char* path, sys::FileStatus& status) {
  if (breakage_ == Breakage::blind_status && last_opened_ >= 0 && real_.status(last_opened_, status) == 0) return 0;
  const int answer = real_.status_at(directory, path, status);
  if (breakage_ == Breakage::frozen_stamp) status.modified.nanoseconds = 0;
  return answer;
}

int BrokenSystem::set_times(int descriptor, sys::FileTime time) {
  return breakage_ == Breakage::no_times ? 0 : real_.set_times(descriptor, time);
}

void BrokenSystem::announce_lock(int descriptor, sys::FileIdentity identity) {
  if (breakage_ != Breakage::fork_keeps_locks) real_.announce_lock(descriptor, identity);
}

bool BrokenSystem::withdraw_lock(int descriptor) {
  return breakage_ == Breakage::fork_keeps_locks || real_.withdraw_lock(descriptor);
}

}  // namespace sess::test
