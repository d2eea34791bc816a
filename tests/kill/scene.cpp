#include "scene.hpp"

#include "format/gc_state.hpp"
#include "format/names.hpp"
#include "format/store_file.hpp"
#include "store/core.hpp"
#include "support/store_world.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/filesystem.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>
#include <utility>

namespace sess::test {

namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

RawFile raw_file(const std::string& path) {
  RawFile file;
  sys::PosixSystem system;
  if (system.status_at(sys::working_directory, path.c_str(), file.status) != 0) return file;
  file.exists = true;
  file.content = content_of(path);
  return file;
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : boost::filesystem::directory_iterator(directory))
    files.push_back(entry.path().filename().native());
  std::ranges::sort(files);
  return files;
}

/// Cut off afterwards: a file that is emptied and written again is flushed by some file systems when it is closed.
void overwrite(const std::string& path, const std::string& content) {
  struct ::stat before {};
  if (::stat(path.c_str(), &before) != 0) throw std::runtime_error("cannot stat " + path);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) throw std::runtime_error("cannot open " + path);
  const auto size = static_cast<off_t>(content.size());
  const bool written = ::write(descriptor, content.data(), content.size()) == size;
  const bool cut = before.st_size <= size || ::ftruncate(descriptor, size) == 0;
  const timespec times[2] = {before.st_mtim, before.st_mtim};
  const bool kept = ::futimens(descriptor, times) == 0;
  ::close(descriptor);
  if (!written || !cut || !kept) throw std::runtime_error("cannot overwrite " + path);
}

}  // namespace

Scene::Scene(const std::string& below, Breaking breaking)
    : directory_(below),
      path_(directory_ / "store"),
      breaking_(std::move(breaking)),
      start_(sys::PosixSystem().wall_clock()),
      now_(start_) {
  void* memory = ::mmap(nullptr, sizeof(Known), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap");
  known_ = new (memory) Known;
  Store::init(path_);
  store_file_ = content_of(path_ + "/" + format::store_file);
}

Scene::~Scene() {
  known_->~Known();
  ::munmap(known_, sizeof *known_);
}

void Scene::clear() {
  for (const std::string& directory : {shard_path(), path_ + "/" + format::quarantine_directory})
    for (const std::string& file : files_in(directory)) ::unlink((directory + "/" + file).c_str());
  set_key({});
  sweep_here_next();
  overwrite(path_ + "/" + format::store_file, store_file_);
  now_ = start_;
}

void Scene::pretend_no_replace_is_missing() {
  format::StoreFile file = format::parse_store_file(store_file_).value();
  file.no_replace = false;
  overwrite(path_ + "/" + format::store_file, format::to_text(file));
}

void Scene::sweep_here_next() const {
  format::GcState state;
  state.next_shard = key().bytes().front();
  overwrite(path_ + "/" + format::gc_file, format::to_text(state));
}

Store Scene::open(StoreOptions options, Pace pace, Chance chance) const {
  options.idle_timeout = idle_timeout;
  options.lifetime = lifetime;
  std::shared_ptr<sys::System> system = std::make_shared<TimedSystem>(now_, pace, chance);
  return open_store(breaking_ ? breaking_(system) : system, path_, options);
}

void Scene::set_spare_digits(std::uint32_t digits) const {
  const timespec time{static_cast<time_t>(now_ / 1000), static_cast<long>(digits)};
  const timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, spare_path().c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw std::runtime_error("cannot set the times of " + spare_path());
}

std::string Scene::record_path() const { return path_ + "/" + format::shards_directory + "/" + record_file(key()); }

std::string Scene::spare_path() const { return path_ + "/" + format::shards_directory + "/" + spare_file(key()); }

std::string Scene::shard_path() const {
  return path_ + "/" + format::shards_directory + "/" + format::shard_of(key()).c_str();
}

RawFile Scene::record() const { return raw_file(record_path()); }

RawFile Scene::spare() const { return raw_file(spare_path()); }

void Scene::overwrite_record(const std::string& content) const { overwrite(record_path(), content); }

void Scene::overwrite_spare(const std::string& content) const { overwrite(spare_path(), content); }

std::vector<std::string> Scene::session_files() const { return files_in(shard_path()); }

std::vector<std::string> Scene::all_session_files() const {
  std::vector<std::string> files = files_below(path_);
  std::erase_if(files, [](const std::string& file) {
    return file == format::store_file || file == format::keys_file || file == format::gc_file;
  });
  return files;
}

std::vector<std::string> Scene::quarantined() const {
  const std::string directory = path_ + "/" + format::quarantine_directory;
  std::vector<std::string> contents;
  for (const std::string& file : files_in(directory)) contents.push_back(content_of(directory + "/" + file));
  std::ranges::sort(contents);
  return contents;
}

}  // namespace sess::test
