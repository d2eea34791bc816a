#include "fs/directory.hpp"

#include "fs/io_error.hpp"

#include <algorithm>

namespace sess::fs {

using sys::OpenMode;
using sys::UniqueFd;

namespace {

/// ESTALE of a name: a network file system has followed it to a file that another client has just replaced. Looking
/// again finds what the name means now (the kernel itself looks again once; fs/namei.c, retry_estale).
template <class Call>
int by_name(Call&& call) {
  constexpr int attempts = 8;
  int answer = call();
  for (int attempt = 1; answer == -ESTALE && attempt < attempts; ++attempt) answer = call();
  return answer;
}

}  // namespace

Directory::Directory(sys::System& system, UniqueFd descriptor, std::string path) noexcept
    : system_(&system), descriptor_(std::move(descriptor)), path_(std::move(path)) {}

Directory Directory::open(sys::System& system, const std::string& path) {
  const int descriptor = system.open(sys::working_directory, path.c_str(), OpenMode::directory);
  if (descriptor < 0) throw_io("open directory", path, descriptor);
  return {system, UniqueFd(system, descriptor), path};
}

Directory Directory::open_child(const char* name) const {
  const int descriptor = system_->open(descriptor_.get(), name, OpenMode::directory);
  if (descriptor < 0) throw_io("open directory", path_of(name), descriptor);
  return {*system_, UniqueFd(*system_, descriptor), path_of(name)};
}

Directory Directory::again() const {
  const int descriptor = system_->open(descriptor_.get(), ".", OpenMode::directory);
  if (descriptor < 0) throw_io("open directory", path_, descriptor);
  return {*system_, UniqueFd(*system_, descriptor), path_};
}

std::string Directory::path_of(std::string_view name) const { return path_ + "/" + std::string(name); }

std::optional<UniqueFd> Directory::open_file(const char* name, OpenMode mode) const {
  const int descriptor = by_name([&] { return system_->open(descriptor_.get(), name, mode); });
  if (descriptor == -ENOENT) return std::nullopt;
  if (descriptor < 0) throw_io("open", path_of(name), descriptor);
  return UniqueFd(*system_, descriptor);
}

std::optional<sys::FileStatus> Directory::status(const char* name) const {
  sys::FileStatus found;
  const int answer = by_name([&] { return system_->status_at(descriptor_.get(), name, found); });
  if (answer == -ENOENT) return std::nullopt;
  if (answer < 0) throw_io("stat", path_of(name), answer);
  return found;
}

sys::FileStatus Directory::status(const UniqueFd& file, const char* name) const {
  sys::FileStatus found;
  const int answer = system_->status(file.get(), found);
  if (answer < 0) throw_io("stat", path_of(name), answer);
  return found;
}

sys::FileStatus Directory::own_status() const {
  sys::FileStatus found;
  const int answer = system_->status(descriptor_.get(), found);
  if (answer < 0) throw_io("stat", path_, answer);
  return found;
}

bool Directory::unlink(const char* name) const {
  const int answer = system_->unlink(descriptor_.get(), name);
  if (answer == -ENOENT) return false;
  if (answer < 0) throw_io("unlink", path_of(name), answer);
  return true;
}

void Directory::make_file(const char* name) const {
  const int descriptor = system_->open(descriptor_.get(), name, OpenMode::create_exclusive);
  if (descriptor >= 0)
    const UniqueFd file(*system_, descriptor);
  else if (descriptor != -EEXIST)
    throw_io("create", path_of(name), descriptor);
}

bool Directory::make_directory(const char* name) const {
  const int answer = system_->make_directory(descriptor_.get(), name);
  if (answer == -EEXIST) return false;
  if (answer < 0) throw_io("make directory", path_of(name), answer);
  return true;
}

void Directory::visit(const std::function<bool(const sys::DirectoryEntry&)>& visitor) const {
  const int answer = system_->list(descriptor_.get(), visitor);
  if (answer < 0) throw_io("list", path_, answer);
}

void Directory::sync() const {
  const int answer = system_->sync(descriptor_.get());
  if (answer < 0) throw_io("sync directory", path_, answer);
}

void Directory::sync_child(const char* name) const { open_child(name).sync(); }

void Directory::sync_file_system() const {
  const int answer = system_->sync_file_system(descriptor_.get());
  if (answer < 0) throw_io("sync file system of", path_, answer);
}

void Directory::read(const UniqueFd& file, const char* name, std::size_t size, std::vector<std::byte>& content) const {
  content.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const std::int64_t got = system_->read(file.get(), std::span(content).subspan(done), done);
    if (got < 0) throw_io("read", path_of(name), got);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  content.resize(done);
}

void Directory::write(const UniqueFd& file, const char* name, std::span<const std::byte> content,
                      std::size_t* written) const {
  std::size_t done = 0;
  while (done < content.size()) {
    const std::int64_t put = system_->write(file.get(), content.subspan(done), done);
    if (put < 0) throw_io("write", path_of(name), put);
    if (put == 0) throw_io("write", path_of(name), -EIO);  // never for a regular file; a loop must end
    done += static_cast<std::size_t>(put);
    if (written != nullptr) *written = done;
  }
}

std::optional<std::string> Directory::read_text(const char* name) const {
  constexpr std::size_t limit = 64 * 1024;
  const auto file = open_file(name, OpenMode::read);
  if (!file) return std::nullopt;
  std::vector<std::byte> content;
  read(*file, name, limit, content);
  std::string text(content.size(), '\0');
  std::ranges::transform(content, text.begin(), [](std::byte byte) { return static_cast<char>(byte); });
  return text;
}

void Directory::put_text(const char* name, const char* temporary, std::string_view text) const {
  unlink(temporary);
  const int descriptor = system_->open(descriptor_.get(), temporary, OpenMode::create_exclusive);
  if (descriptor < 0) throw_io("create", path_of(temporary), descriptor);
  const UniqueFd file(*system_, descriptor);
  write(file, temporary, std::as_bytes(std::span(text)));
  int answer = system_->sync(file.get());
  if (answer < 0) throw_io("sync", path_of(temporary), answer);
  answer = system_->rename(descriptor_.get(), temporary, descriptor_.get(), name, sys::RenameMode::replace);
  if (answer < 0) throw_io("rename", path_of(temporary), answer);
  sync();
}

}  // namespace sess::fs
