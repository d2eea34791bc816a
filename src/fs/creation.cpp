#include "fs/creation.hpp"

#include "fs/io_error.hpp"
#include "fs/temporary_file.hpp"

#include <cerrno>
#include <new>
#include <utility>

namespace sess::fs {

namespace {

constexpr int attempt_limit = 8;

/// Gives the temp file its name. 0, -EEXIST, or -ENOENT when a sweep has taken the temp file for a leftover.
int give_name(const Directory& directory, const char* from, const char* to, bool no_replace) {
  sys::System& system = directory.system();
  const int at = directory.descriptor();
  int answer = -EINVAL;
  if (no_replace) answer = system.rename(at, from, at, to, sys::RenameMode::no_replace);
  if (answer == -EINVAL || answer == -ENOSYS || answer == -EOPNOTSUPP) {
    answer = system.link(at, from, at, to);
    if (answer == 0) system.unlink(at, from);  // if this fails a sweep does it
  }
  return answer;
}

}  // namespace

std::optional<Creation> create_locked(const Directory& directory, const char* name,
                                      const std::function<std::string()>& next_temporary,
                                      std::span<const std::byte> content, sys::FileTime time,
                                      const CreationOptions& options) {
  sys::System& system = directory.system();
  for (int attempt = 1;; ++attempt) {
    TemporaryFile temporary = make_temporary_file(directory, next_temporary);
    const char* const temporary_name = temporary.name.c_str();
    int answer = 0;
    try {
      directory.write(temporary.lock.file(), temporary_name, content);
      if (options.durable) {
        answer = system.sync_data(temporary.lock.file().get());
        if (answer < 0) throw_io("sync", directory.path_of(temporary_name), answer);
      } else if (options.start_writeback) {
        system.start_writeback(temporary.lock.file().get());  // a hint: no harm where it fails
      }
      answer = system.set_times(temporary.lock.file().get(), time);
      if (answer < 0) throw_io("set times of", directory.path_of(temporary_name), answer);
      answer = give_name(directory, temporary_name, name, options.no_replace);
      // Some file systems rename and answer an error all the same (NFS, FUSE). What the name means decides.
      if (answer < 0) {
        const auto linked = directory.status(name);
        if (linked && linked->identity == temporary.status.identity) {
          answer = 0;
          system.unlink(directory.descriptor(), temporary_name);  // of a link that took effect
        }
      }
      if (answer < 0 && answer != -EEXIST && (answer != -ENOENT || attempt == attempt_limit))
        throw_io("rename", directory.path_of(temporary_name), answer);
    } catch (...) {
      system.unlink(directory.descriptor(), temporary_name);
      throw;
    }
    if (answer == -ENOENT) continue;
    if (answer == -EEXIST) {
      system.unlink(directory.descriptor(), temporary_name);
      return std::nullopt;
    }
    Creation creation{std::move(temporary.lock), temporary.status};
    if (options.durable) {
      try {
        directory.sync_child(options.directory_name);
      } catch (const IoError& error) {
        creation.sync_error = -error.error_number();
      } catch (const std::bad_alloc&) {
        creation.sync_error = -ENOMEM;
      }
    }
    return creation;
  }
}

}  // namespace sess::fs
