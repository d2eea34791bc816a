#include "support/scheduled_system.hpp"

#include <cerrno>
#include <utility>
#include <vector>

namespace sess::test {

ScheduledSystem::ScheduledSystem(std::shared_ptr<sys::System> inner, Controller& controller)
    : inner_(std::move(inner)), controller_(controller) {}

std::string ScheduledSystem::path_of(int directory, const char* path) const {
  const std::lock_guard guard(mutex_);
  const auto found = opened_.find(directory);
  if (found == opened_.end() || path[0] == '/' || found->second.path == ".") return path;
  return found->second.path + "/" + path;
}

PendingCall ScheduledSystem::on_descriptor(Call call, int descriptor) const {
  const std::lock_guard guard(mutex_);
  PendingCall pending;
  pending.call = call;
  pending.descriptor = descriptor;
  const auto found = opened_.find(descriptor);
  pending.path = found == opened_.end() ? "descriptor " + std::to_string(descriptor) : found->second.path;
  return pending;
}

PendingCall ScheduledSystem::on_path(Call call, int directory, const char* path) const {
  PendingCall pending;
  pending.call = call;
  pending.descriptor = directory;
  pending.name = path;
  pending.path = path_of(directory, path);
  return pending;
}

PendingCall ScheduledSystem::on_paths(Call call, int directory, const char* from, const char* arrow, int to_directory,
                                      const char* to) const {
  PendingCall pending = on_path(call, directory, from);
  pending.to_directory = to_directory;
  pending.to = to;
  pending.path += arrow + path_of(to_directory, to);
  return pending;
}

/// Keeps the table of descriptors, and tells whether the call may let a pausing actor go on.
bool ScheduledSystem::has_changed(const PendingCall& call, std::int64_t result) {
  // On Linux the descriptor is gone whatever close answers.
  if (result < 0 && call.call != Call::close) return false;
  const std::lock_guard guard(mutex_);
  const bool any = wake == Wake::any_change;
  const auto opened = opened_.find(call.descriptor);
  const bool was_locked = opened != opened_.end() && opened->second.locked;
  switch (call.call) {
    case Call::open: {
      const Controller::Actor* actor = controller_.current();
      Opened entry{call.path, {}, false, false};
      if (actor != nullptr) entry.actor = Controller::index(*actor);
      opened_.insert_or_assign(static_cast<int>(result), std::move(entry));
      return call.exclusive;
    }
    case Call::close:
      if (opened != opened_.end()) opened_.erase(opened);
      return was_locked;
    case Call::try_lock:
      if (opened != opened_.end()) opened->second.locked = true;
      return any && !was_locked;
    case Call::unlock:
      if (opened != opened_.end()) opened->second.locked = false;
      return was_locked;
    case Call::write:
    case Call::truncate:
    case Call::set_times:
      return any;
    default:
      return !is_read_only(call.call);
  }
}

template <typename Action>
auto ScheduledSystem::scheduled(PendingCall call, Action action) -> decltype(action()) {
  using Result = decltype(action());
  Controller::Actor* actor = controller_.current();
  if (actor == nullptr) {
    const Result result = action();
    has_changed(call, result);
    return result;
  }
  const Call kind = call.call;
  if (!controller_.arrive(*actor, call)) return kind == Call::close || kind == Call::unlock ? 0 : -EIO;
  const Result result = action();
  controller_.executed(*actor, result, has_changed(call, result));
  return result;
}

void ScheduledSystem::step(std::string_view label) {
  PendingCall call;
  call.path = label;
  scheduled(std::move(call), [] { return 0; });
}

bool ScheduledSystem::alive() {
  const Controller::Actor* actor = controller_.current();
  return actor == nullptr || controller_.alive(*actor);
}

void ScheduledSystem::exit_of(Controller::Actor& actor) {
  std::vector<std::pair<int, bool>> left;
  {
    const std::lock_guard guard(mutex_);
    for (const auto& [descriptor, opened] : opened_) {
      if (opened.actor == Controller::index(actor)) left.emplace_back(descriptor, opened.announced);
    }
  }
  for (const auto& [descriptor, announced] : left) {
    PendingCall call = on_descriptor(Call::close, descriptor);
    call.path += ", by the kernel";
    controller_.arrive_at_exit(actor, call);
    if (announced) inner_->withdraw_lock(descriptor);
    const int result = inner_->close(descriptor);
    controller_.executed(actor, result, has_changed(call, result));
  }
}

int ScheduledSystem::open(int directory, const char* path, sys::OpenMode mode) {
  PendingCall call = on_path(Call::open, directory, path);
  call.exclusive = mode == sys::OpenMode::create_exclusive;
  return scheduled(std::move(call), [&] { return inner_->open(directory, path, mode); });
}

int ScheduledSystem::close(int descriptor) {
  return scheduled(on_descriptor(Call::close, descriptor), [&] { return inner_->close(descriptor); });
}

int ScheduledSystem::try_lock(int descriptor) {
  return scheduled(on_descriptor(Call::try_lock, descriptor), [&] { return inner_->try_lock(descriptor); });
}

int ScheduledSystem::unlock(int descriptor) {
  return scheduled(on_descriptor(Call::unlock, descriptor), [&] { return inner_->unlock(descriptor); });
}

int ScheduledSystem::try_lock_byte(int descriptor, std::uint64_t offset) {
  return scheduled(on_descriptor(Call::try_lock_byte, descriptor),
                   [&] { return inner_->try_lock_byte(descriptor, offset); });
}

int ScheduledSystem::status(int descriptor, sys::FileStatus& status) {
  return scheduled(on_descriptor(Call::status, descriptor), [&] { return inner_->status(descriptor, status); });
}

int ScheduledSystem::status_at(int directory, const char* path, sys::FileStatus& status) {
  return scheduled(on_path(Call::status_at, directory, path),
                   [&] { return inner_->status_at(directory, path, status); });
}

std::int64_t ScheduledSystem::read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) {
  return scheduled(on_descriptor(Call::read, descriptor), [&] { return inner_->read(descriptor, buffer, offset); });
}

std::int64_t ScheduledSystem::write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) {
  return scheduled(on_descriptor(Call::write, descriptor), [&] { return inner_->write(descriptor, data, offset); });
}

int ScheduledSystem::truncate(int descriptor, std::uint64_t size) {
  return scheduled(on_descriptor(Call::truncate, descriptor), [&] { return inner_->truncate(descriptor, size); });
}

int ScheduledSystem::sync_data(int descriptor) {
  return scheduled(on_descriptor(Call::sync_data, descriptor), [&] { return inner_->sync_data(descriptor); });
}

int ScheduledSystem::start_writeback(int descriptor) {
  return scheduled(on_descriptor(Call::start_writeback, descriptor),
                   [&] { return inner_->start_writeback(descriptor); });
}

int ScheduledSystem::sync(int descriptor) {
  return scheduled(on_descriptor(Call::sync, descriptor), [&] { return inner_->sync(descriptor); });
}

int ScheduledSystem::sync_file_system(int descriptor) {
  return scheduled(on_descriptor(Call::sync_file_system, descriptor),
                   [&] { return inner_->sync_file_system(descriptor); });
}

int ScheduledSystem::set_times(int descriptor, sys::FileTime time) {
  return scheduled(on_descriptor(Call::set_times, descriptor), [&] { return inner_->set_times(descriptor, time); });
}

int ScheduledSystem::rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) {
  const char* arrow = mode == sys::RenameMode::exchange ? " <-> " : " -> ";
  return scheduled(on_paths(Call::rename, directory, from, arrow, to_directory, to),
                   [&] { return inner_->rename(directory, from, to_directory, to, mode); });
}

int ScheduledSystem::link(int directory, const char* from, int to_directory, const char* to) {
  return scheduled(on_paths(Call::link, directory, from, " -> ", to_directory, to),
                   [&] { return inner_->link(directory, from, to_directory, to); });
}

int ScheduledSystem::unlink(int directory, const char* path) {
  return scheduled(on_path(Call::unlink, directory, path), [&] { return inner_->unlink(directory, path); });
}

int ScheduledSystem::make_directory(int directory, const char* path) {
  return scheduled(on_path(Call::make_directory, directory, path),
                   [&] { return inner_->make_directory(directory, path); });
}

int ScheduledSystem::set_mode(int directory, const char* path, std::uint32_t mode) {
  return scheduled(on_path(Call::set_mode, directory, path), [&] { return inner_->set_mode(directory, path, mode); });
}

int ScheduledSystem::make_directories(const std::string& path) {
  return scheduled(on_path(Call::make_directories, sys::working_directory, path.c_str()),
                   [&] { return inner_->make_directories(path); });
}

int ScheduledSystem::file_system(int descriptor, sys::FileSystem& found) {
  return scheduled(on_descriptor(Call::file_system, descriptor),
                   [&] { return inner_->file_system(descriptor, found); });
}

int ScheduledSystem::list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) {
  std::vector<std::string> names;
  const int result = scheduled(on_descriptor(Call::list, descriptor), [&] {
    return inner_->list(descriptor, [&](const sys::DirectoryEntry& entry) {
      names.emplace_back(entry.name);
      return true;
    });
  });
  if (result < 0) return result;
  for (const std::string& name : names) {
    if (!visit({name})) break;
  }
  return result;
}

std::int64_t ScheduledSystem::wall_clock() { return inner_->wall_clock(); }
std::chrono::nanoseconds ScheduledSystem::monotonic_clock() { return inner_->monotonic_clock(); }

std::chrono::nanoseconds ScheduledSystem::boot_clock() { return inner_->boot_clock(); }

std::string ScheduledSystem::boot_id() { return inner_->boot_id(); }

void ScheduledSystem::pause(std::chrono::nanoseconds duration) {
  Controller::Actor* actor = controller_.current();
  if (actor == nullptr) return inner_->pause(duration);
  controller_.pause(*actor, duration);
}

int ScheduledSystem::random(std::span<std::byte> buffer) {
  const int result = inner_->random(buffer);
  Controller::Actor* actor = controller_.current();
  if (result < 0 || actor == nullptr) return result;
  for (std::byte& byte : buffer) byte = static_cast<std::byte>(next_random(Controller::random_state(*actor)));
  return result;
}

std::uint32_t ScheduledSystem::user() { return inner_->user(); }

std::uint64_t ScheduledSystem::fork_count() { return inner_->fork_count(); }

bool ScheduledSystem::announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) {
  if (!alive()) return true;
  const bool result = inner_->announce_lock(descriptor, identity, forks);
  const std::lock_guard guard(mutex_);
  if (const auto opened = opened_.find(descriptor); result && opened != opened_.end()) opened->second.announced = true;
  return result;
}

bool ScheduledSystem::withdraw_lock(int descriptor) {
  if (!alive()) return true;  // it was announced; the exit withdraws it
  const bool result = inner_->withdraw_lock(descriptor);
  const std::lock_guard guard(mutex_);
  if (const auto opened = opened_.find(descriptor); opened != opened_.end()) opened->second.announced = false;
  return result;
}

bool ScheduledSystem::locked_by_this_thread(sys::FileIdentity identity, int other_than) {
  return inner_->locked_by_this_thread(identity, other_than);
}

std::uint64_t ScheduledSystem::process_generation() { return inner_->process_generation(); }

int ScheduledSystem::lock_holder(sys::FileIdentity identity) {
  PendingCall call;
  call.call = Call::lock_holder;
  call.path = "inode " + std::to_string(identity.inode);
  return scheduled(std::move(call), [&] { return inner_->lock_holder(identity); });
}

}  // namespace sess::test
