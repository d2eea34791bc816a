#include "support/fake_system.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

// The members of sys::System; the rest is in fake_system_controls.cpp.

namespace sess::test {
namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;

/// An order of names that is neither sorted nor that of making, so that nobody comes to rely on one.
std::uint64_t position(const std::string& name) {
  std::uint64_t hash = 0;
  for (const char c : name) hash = mixed(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace

template <typename Action>
auto FakeSystem::attempt(Call call, std::string path, Action action) -> decltype(action()) {
  using Result = decltype(action());
  ++counts_[static_cast<std::size_t>(call)];
  const FaultPlan::Verdict verdict = faults_.verdict(call, path);
  Result result = 0;
  if (verdict.executed) result = action();
  if (verdict.error != 0) result = static_cast<Result>(-verdict.error);
  log_.push_back({call, std::move(path), result});
  return result;
}

int FakeSystem::open(int directory, const char* path, sys::OpenMode mode) {
  const std::lock_guard guard(mutex_);
  const std::string full = path_of(directory, path);
  return attempt(Call::open, full, [&] { return open_place(place(directory, path), mode, full); });
}

int FakeSystem::open_place(const FakeFileTree::Place& place, sys::OpenMode mode, const std::string& path) {
  if (place.error != 0) return place.error;
  if (mode == sys::OpenMode::create_exclusive) {
    if (place.inode) return -EEXIST;
    if (!has_space_for(0, 1)) return -space_error_;
    return hand_out(tree_.create(place, sys::FileType::regular, options_.user, now()), true, path);
  }
  if (!place.inode) return -ENOENT;
  if (mode == sys::OpenMode::directory && !place.inode->is_directory()) return -ENOTDIR;
  if (mode == sys::OpenMode::read_write && place.inode->is_directory()) return -EISDIR;
  return hand_out(place.inode, mode == sys::OpenMode::read_write, path);
}

int FakeSystem::close(int descriptor) {
  const std::lock_guard guard(mutex_);
  // Executed whatever the verdict is: on Linux the descriptor is gone also when close answers an error.
  const auto found = descriptors_.find(descriptor);
  const std::string path = path_of(descriptor);
  if (found != descriptors_.end()) {
    drop(*found->second);
    descriptors_.erase(found);
    return attempt(Call::close, path, [] { return 0; });
  }
  return attempt(Call::close, path, [] { return -EBADF; });
}

int FakeSystem::try_lock(int descriptor) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::try_lock, path_of(descriptor), [&] {
    Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    Inode& inode = *description->inode;
    if (inode.locked_by != nullptr && inode.locked_by != description) return -EWOULDBLOCK;
    inode.locked_by = description;
    inode.locked_by_process = options_.process;
    return 0;
  });
}

int FakeSystem::unlock(int descriptor) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::unlock, path_of(descriptor), [&] {
    Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    if (description->inode->locked_by == description) description->inode->locked_by = nullptr;
    return 0;
  });
}

int FakeSystem::try_lock_byte(int descriptor, std::uint64_t offset) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::try_lock_byte, path_of(descriptor), [&] {
    Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    const auto byte = description->inode->locked_bytes.try_emplace(offset, description).first;
    return byte->second == description ? 0 : -EWOULDBLOCK;
  });
}

void FakeSystem::fill(const Inode& inode, sys::FileStatus& status) const {
  status.identity = {options_.device, inode.number};
  status.type = inode.type;
  status.mode = inode.mode;
  status.owner = inode.owner;
  status.links = inode.links;
  status.size = inode.content.size();
  status.blocks = blocks_for(inode.content.size());
  status.modified = inode.modified;
  status.changed = inode.changed;
}

int FakeSystem::status(int descriptor, sys::FileStatus& status) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::status, path_of(descriptor), [&] {
    const Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    fill(*description->inode, status);
    return 0;
  });
}

int FakeSystem::status_at(int directory, const char* path, sys::FileStatus& status) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::status_at, path_of(directory, path), [&] {
    const FakeFileTree::Place found = place(directory, path);
    if (found.error != 0) return found.error;
    if (!found.inode) return -ENOENT;
    fill(*found.inode, status);
    return 0;
  });
}

std::int64_t FakeSystem::read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::read, path_of(descriptor), [&]() -> std::int64_t {
    const Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    if (description->inode->is_directory()) return -EISDIR;
    const std::uint64_t length = faults_.allowed(Call::read, buffer.size());
    return static_cast<std::int64_t>(description->inode->content.read(buffer.first(length), offset));
  });
}

std::int64_t FakeSystem::write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::write, path_of(descriptor), [&]() -> std::int64_t {
    const Description* description = find(descriptor);
    if (description == nullptr || !description->writable) return -EBADF;
    Inode& inode = *description->inode;
    const std::uint64_t length = faults_.allowed(Call::write, data.size());
    if (length == 0) return 0;
    const std::uint64_t before = blocks_for(inode.content.size());
    const std::uint64_t after = blocks_for(offset + length);
    if (after > before && !has_space_for(after - before, 0)) return -space_error_;
    inode.content.write(data.first(length), offset);
    inode.set_modified(now());
    inode.changed = now();
    return static_cast<std::int64_t>(length);
  });
}

int FakeSystem::truncate(int descriptor, std::uint64_t size) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::truncate, path_of(descriptor), [&] {
    const Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    if (!description->writable) return -EINVAL;
    description->inode->content.resize(size);
    description->inode->set_modified(now());  // also when the size stays: ftruncate always sets the time
    description->inode->changed = now();
    return 0;
  });
}

int FakeSystem::sync_data(int descriptor) {
  const std::lock_guard guard(mutex_);
  Description* description = find(descriptor);
  const int answer = attempt(Call::sync_data, path_of(descriptor), [&] {
    if (description == nullptr) return -EBADF;
    description->inode->content.synced();
    if (description->inode->is_directory()) tree_.sync_directory(*description->inode);
    return 0;
  });
  if (answer < 0 && description != nullptr) description->inode->content.sync_failed();
  return answer;
}

int FakeSystem::start_writeback(int descriptor) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::start_writeback, path_of(descriptor), [&] { return find(descriptor) == nullptr ? -EBADF : 0; });
}

int FakeSystem::sync(int descriptor) {
  const std::lock_guard guard(mutex_);
  Description* description = find(descriptor);
  const int answer = attempt(Call::sync, path_of(descriptor), [&] {
    if (description == nullptr) return -EBADF;
    description->inode->content.synced();
    description->inode->times_synced();
    if (description->inode->is_directory()) tree_.sync_directory(*description->inode);
    return 0;
  });
  if (answer < 0 && description != nullptr) description->inode->content.sync_failed();
  return answer;
}

int FakeSystem::sync_file_system(int descriptor) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::sync_file_system, path_of(descriptor), [&] {
    if (find(descriptor) == nullptr) return -EBADF;
    tree_.sync_everything();
    return 0;
  });
}

int FakeSystem::set_times(int descriptor, sys::FileTime time) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::set_times, path_of(descriptor), [&] {
    const Description* description = find(descriptor);
    if (description == nullptr) return -EBADF;
    if (time.nanoseconds >= nanoseconds_per_second) return -EINVAL;
    description->inode->set_modified(rounded(time));
    description->inode->changed = now();
    return 0;
  });
}

int FakeSystem::rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) {
  const std::lock_guard guard(mutex_);
  const std::string arrow = mode == sys::RenameMode::exchange ? " <-> " : " -> ";
  return attempt(Call::rename, path_of(directory, from) + arrow + path_of(to_directory, to),
                 [&] { return tree_.rename(place(directory, from), place(to_directory, to), mode, now()); });
}

int FakeSystem::link(int directory, const char* from, int to_directory, const char* to) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::link, path_of(directory, from) + " -> " + path_of(to_directory, to),
                 [&] { return tree_.link(place(directory, from), place(to_directory, to), now()); });
}

int FakeSystem::unlink(int directory, const char* path) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::unlink, path_of(directory, path), [&] { return tree_.unlink(place(directory, path), now()); });
}

int FakeSystem::make_directory(int directory, const char* path) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::make_directory, path_of(directory, path), [&] {
    const FakeFileTree::Place found = place(directory, path);
    if (found.error != 0) return found.error;
    if (found.inode) return -EEXIST;
    if (!has_space_for(0, 1)) return -space_error_;
    tree_.create(found, sys::FileType::directory, options_.user, now());
    return 0;
  });
}

int FakeSystem::set_mode(int directory, const char* path, std::uint32_t mode) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::set_mode, path_of(directory, path), [&] {
    const FakeFileTree::Place found = place(directory, path);
    if (found.error != 0) return found.error;
    if (!found.inode) return -ENOENT;
    found.inode->mode = mode;
    found.inode->changed = now();
    return 0;
  });
}

int FakeSystem::make_directories(const std::string& path) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::make_directories, path_of(sys::working_directory, path), [&] {
    for (std::size_t end = 0; end < path.size(); ++end) {
      end = std::min(path.find('/', end), path.size());
      const FakeFileTree::Place found = tree_.find(tree_.root(), end == 0 ? "/" : path.substr(0, end));
      if (found.error != 0) return found.error;
      if (found.inode && !found.inode->is_directory()) return -ENOTDIR;
      if (found.inode) continue;
      if (!has_space_for(0, 1)) return -space_error_;
      tree_.create(found, sys::FileType::directory, options_.user, now());
    }
    return path.empty() ? -ENOENT : 0;
  });
}

int FakeSystem::file_system(int descriptor, sys::FileSystem& found) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::file_system, path_of(descriptor), [&] {
    if (find(descriptor) == nullptr) return -EBADF;
    found = {options_.file_system_type, options_.device};
    return 0;
  });
}

int FakeSystem::list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) {
  std::vector<std::pair<std::string, std::uint64_t>> names;  // with inodes
  {
    const std::lock_guard guard(mutex_);
    const int answer = attempt(Call::list, path_of(descriptor), [&] {
      const Description* description = find(descriptor);
      if (description == nullptr) return -EBADF;
      if (!description->inode->is_directory()) return -ENOTDIR;
      for (const auto& [name, inode] : description->inode->entries) names.emplace_back(name, inode->number);
      return 0;
    });
    if (answer < 0) return answer;
  }
  std::sort(names.begin(), names.end(),
            [](const auto& a, const auto& b) { return position(a.first) < position(b.first); });
  // Without the mutex: a visitor may call anything, and change the directory.
  for (const auto& [name, inode] : names) {
    if (!visit({name, inode})) break;
  }
  return 0;
}

std::int64_t FakeSystem::wall_clock() {
  const std::lock_guard guard(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(wall_clock_).count();
}

std::chrono::nanoseconds FakeSystem::monotonic_clock() {
  const std::lock_guard guard(mutex_);
  return monotonic_clock_;
}

std::chrono::nanoseconds FakeSystem::boot_clock() { return monotonic_clock(); }

std::string FakeSystem::boot_id() {
  const std::lock_guard guard(mutex_);
  return options_.boot_id;
}

void FakeSystem::pause(std::chrono::nanoseconds duration) {
  {
    const std::lock_guard guard(mutex_);
    ++counts_[static_cast<std::size_t>(Call::pause)];
    wall_clock_ += duration;
    monotonic_clock_ += duration;
  }
  std::this_thread::yield();  // whoever holds what this thread waits for may be a real thread
}

int FakeSystem::random(std::span<std::byte> buffer) {
  const std::lock_guard guard(mutex_);
  return attempt(Call::random, std::to_string(buffer.size()) + " bytes", [&] {
    for (std::byte& byte : buffer) byte = static_cast<std::byte>(next_random(random_state_));
    return 0;
  });
}

std::uint32_t FakeSystem::user() {
  const std::lock_guard guard(mutex_);
  return options_.user;
}

std::uint64_t FakeSystem::fork_count() {
  const std::lock_guard guard(mutex_);
  return forks_;
}

bool FakeSystem::announce_lock(int descriptor, sys::FileIdentity identity, std::uint64_t forks) {
  const std::lock_guard guard(mutex_);
  if (forks != forks_) return false;
  announced_[descriptor] = {std::this_thread::get_id(), identity};
  return true;
}

bool FakeSystem::withdraw_lock(int descriptor) {
  const std::lock_guard guard(mutex_);
  return announced_.erase(descriptor) != 0;
}

bool FakeSystem::locked_by_this_thread(sys::FileIdentity identity, int other_than) {
  const std::lock_guard guard(mutex_);
  return std::any_of(announced_.begin(), announced_.end(), [&](const auto& entry) {
    return entry.second.identity == identity && entry.first != other_than &&
           entry.second.thread == std::this_thread::get_id();
  });
}

std::uint64_t FakeSystem::process_generation() {
  const std::lock_guard guard(mutex_);
  return generation_;
}

}  // namespace sess::test
