#include "stopping_system.hpp"

#include "sys/posix_system.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace sess::test {

using sys::FileStatus;
using sys::OpenMode;
using sys::RenameMode;

StoppingSystem::StoppingSystem(Board& board, unsigned actor)
    : ForwardingSystem(std::make_shared<sys::PosixSystem>()), board_(board), baton_(board), actor_(actor) {}

template <class Made>
auto StoppingSystem::stopped(Call call, std::string_view path, std::string_view to_path, int note, Effect effect,
                             Made make) -> decltype(make()) {
  if (stops) baton_.stop(actor_, call, path, to_path, note);
  // A call by the controller takes time as well: the budget of a sweep must pass.
  if (actor_ == the_controller) ++board_.clock.monotonic;
  const auto answer = make();
  if (!stops) return answer;
  board_.log.last().result = call == Call::open && answer > 0 ? 0 : static_cast<std::int32_t>(answer);
  if (answer < 0) return answer;
  if (effect != Effect::none && call != Call::close && call != Call::unlock && call != Call::try_lock) ++board_.changes;
  if (effect == Effect::names_or_locks) baton_.changed(actor_);
  return answer;
}

template <class Made>
auto StoppingSystem::stopped(Call call, int descriptor, Effect effect, Made make) -> decltype(make()) {
  return stopped(call, path_of(descriptor), {}, 0, effect, make);
}

std::string_view StoppingSystem::path_of(int descriptor) const {
  const auto index = static_cast<std::size_t>(descriptor);
  return index < paths_.size() ? std::string_view(paths_[index]) : std::string_view("?");
}

void StoppingSystem::step(std::string_view label) {
  if (stops) baton_.stop(actor_, Call::step, label);
}

void StoppingSystem::file_changed(int descriptor) {
  FileStatus status;
  if (ForwardingSystem::status(descriptor, status) == 0)
    board_.change_times.set(status.identity.inode, board_.clock.wall);
}

void StoppingSystem::name_changed(int directory, const char* path) {
  FileStatus status;
  if (ForwardingSystem::status_at(directory, path, status) == 0)
    board_.change_times.set(status.identity.inode, board_.clock.wall);
}

/// A name that is absent must not have a spare, at any moment. Of the directory of the shards.
void StoppingSystem::check_spares(int directory, const char* path) {
  std::string name(path);
  if (!name.ends_with('~')) name += '~';
  FileStatus status;
  if (ForwardingSystem::status_at(directory, name.c_str(), status) != 0) return;
  name.pop_back();
  if (ForwardingSystem::status_at(directory, name.c_str(), status) != 0)
    board_.ledger.fault("a record is gone, and its spare is there");
}

int StoppingSystem::open(int directory, const char* path, OpenMode mode) {
  const bool makes = mode == OpenMode::create_exclusive;
  const int descriptor =
      stopped(Call::open, path, {}, static_cast<int>(mode), makes ? Effect::names_or_locks : Effect::none,
              [&] { return ForwardingSystem::open(directory, path, mode); });
  if (descriptor < 0) return descriptor;
  ++open_descriptors_;
  const auto index = static_cast<std::size_t>(descriptor);
  if (paths_.size() <= index) paths_.resize(index + 1);
  paths_[index] = path;
  if (makes) file_changed(descriptor);
  return descriptor;
}

int StoppingSystem::close(int descriptor) {
  --open_descriptors_;
  return stopped(Call::close, descriptor, Effect::names_or_locks, [&] { return ForwardingSystem::close(descriptor); });
}

int StoppingSystem::try_lock(int descriptor) {
  return stopped(Call::try_lock, descriptor, Effect::none, [&] { return ForwardingSystem::try_lock(descriptor); });
}

int StoppingSystem::unlock(int descriptor) {
  return stopped(Call::unlock, descriptor, Effect::names_or_locks,
                 [&] { return ForwardingSystem::unlock(descriptor); });
}

int StoppingSystem::try_lock_byte(int descriptor, std::uint64_t offset) {
  return stopped(Call::try_lock_byte, descriptor, Effect::none,
                 [&] { return ForwardingSystem::try_lock_byte(descriptor, offset); });
}

int StoppingSystem::status(int descriptor, FileStatus& status) {
  return stopped(Call::status, descriptor, Effect::none, [&] {
    const int answer = ForwardingSystem::status(descriptor, status);
    status.changed = board_.change_times.of(status.identity.inode);
    return answer;
  });
}

int StoppingSystem::status_at(int directory, const char* path, FileStatus& status) {
  return stopped(Call::status_at, path, {}, 0, Effect::none, [&] {
    const int answer = ForwardingSystem::status_at(directory, path, status);
    status.changed = board_.change_times.of(status.identity.inode);
    return answer;
  });
}

std::int64_t StoppingSystem::read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) {
  return stopped(Call::read, descriptor, Effect::none,
                 [&] { return ForwardingSystem::read(descriptor, buffer, offset); });
}

std::int64_t StoppingSystem::write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) {
  return stopped(Call::write, descriptor, Effect::content, [&] {
    file_changed(descriptor);
    return ForwardingSystem::write(descriptor, data, offset);
  });
}

int StoppingSystem::truncate(int descriptor, std::uint64_t size) {
  return stopped(Call::truncate, descriptor, Effect::content, [&] {
    file_changed(descriptor);
    return ForwardingSystem::truncate(descriptor, size);
  });
}

int StoppingSystem::sync_data(int descriptor) {
  return stopped(Call::sync_data, descriptor, Effect::none, [] { return 0; });
}

int StoppingSystem::sync(int descriptor) {
  return stopped(Call::sync, descriptor, Effect::none, [] { return 0; });
}

int StoppingSystem::sync_file_system(int descriptor) {
  return stopped(Call::sync_file_system, descriptor, Effect::none, [] { return 0; });
}

int StoppingSystem::set_times(int descriptor, sys::FileTime time) {
  return stopped(Call::set_times, descriptor, Effect::content, [&] {
    file_changed(descriptor);
    return ForwardingSystem::set_times(descriptor, time);
  });
}

int StoppingSystem::rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) {
  const int answer = stopped(Call::rename, from, to, static_cast<int>(mode), Effect::names_or_locks,
                             [&] { return ForwardingSystem::rename(directory, from, to_directory, to, mode); });
  if (answer < 0 || !stops) return answer;
  name_changed(to_directory, to);
  if (mode == RenameMode::exchange) name_changed(directory, from);
  check_spares(directory, from);
  check_spares(to_directory, to);
  if (std::string_view(from).ends_with('~') || std::string_view(from).ends_with(".temp"))
    board_.tally.add(mode == RenameMode::exchange ? Count::exchanges : Count::renames);
  return answer;
}

int StoppingSystem::link(int directory, const char* from, int to_directory, const char* to) {
  const int answer = stopped(Call::link, from, to, 0, Effect::names_or_locks,
                             [&] { return ForwardingSystem::link(directory, from, to_directory, to); });
  if (answer == 0) name_changed(to_directory, to);
  return answer;
}

int StoppingSystem::unlink(int directory, const char* path) {
  const int answer = stopped(Call::unlink, path, {}, 0, Effect::names_or_locks, [&] {
    name_changed(directory, path);  // it may have another one
    return ForwardingSystem::unlink(directory, path);
  });
  if (answer == 0 && stops) check_spares(directory, path);
  return answer;
}

int StoppingSystem::list(int descriptor, const std::function<bool(const sys::DirectoryEntry&)>& visit) {
  std::vector<std::string> names;
  const int answer = stopped(Call::list, descriptor, Effect::none, [&] {
    return ForwardingSystem::list(descriptor, [&](const sys::DirectoryEntry& entry) {
      names.emplace_back(entry.name);
      return true;
    });
  });
  if (answer < 0) return answer;
  std::ranges::sort(names);
  for (const std::string& name : names)
    if (!visit({name})) break;
  return answer;
}

void StoppingSystem::pause(std::chrono::nanoseconds) {
  if (stops) baton_.pause(actor_);
}

int StoppingSystem::random(std::span<std::byte> buffer) {
  Dice& dice = actor_ == the_controller ? board_.controller_random : board_.actors[actor_].random;
  while (!buffer.empty()) {
    const std::uint64_t number = dice.next();
    const std::size_t size = std::min(buffer.size(), sizeof number);
    std::memcpy(buffer.data(), &number, size);
    buffer = buffer.subspan(size);
  }
  return 0;
}

}  // namespace sess::test
