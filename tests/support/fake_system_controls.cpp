// What FakeSystem has beyond sys::System: the world around it, faults, tampering, footprints.
#include <algorithm>
#include <stdexcept>
#include <utility>

#include "support/fake_system.hpp"

namespace sess::test {
namespace {

sys::FileTime file_time(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {seconds.count(), static_cast<std::uint32_t>((time - seconds).count())};
}

/// "a/./b//c" -> "a/b/c", below `base`.
std::string joined(std::string base, std::string_view path) {
  if (!path.empty() && path.front() == '/') base.clear();
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (!base.empty()) base += '/';
    base += part;
  }
  return base;
}

}  // namespace

FakeSystem::FakeSystem(FakeOptions options)
    : options_(options),
      tree_(file_time(options.wall_clock), options.sector_size),
      wall_clock_(options.wall_clock),
      random_state_(options.seed) {
  tree_.exchange_supported = options.exchange_supported;
  tree_.no_replace_supported = options.no_replace_supported;
}

FakeSystem::FakeSystem(const DiskImage& image, FakeOptions options)
    : options_(options),
      tree_(image, options.sector_size),
      wall_clock_(image.wall_clock),
      random_state_(mixed(options.seed, 1)) {
  tree_.exchange_supported = options.exchange_supported;
  tree_.no_replace_supported = options.no_replace_supported;
}

// ---- shared by the members of sys::System --------------------------------------------------------------------

sys::FileTime FakeSystem::rounded(sys::FileTime time) const {
  const std::int64_t granularity = options_.time_granularity.count();
  constexpr std::int64_t second = 1'000'000'000;
  if (granularity < second) {
    time.nanoseconds -= static_cast<std::uint32_t>(time.nanoseconds % granularity);
    return time;
  }
  return {time.seconds - time.seconds % (granularity / second), 0};
}

sys::FileTime FakeSystem::now() const { return rounded(file_time(wall_clock_)); }

FakeSystem::Description* FakeSystem::find(int descriptor) {
  const auto found = descriptors_.find(descriptor);
  return found == descriptors_.end() ? nullptr : found->second.get();
}

template <typename Visit>
void FakeSystem::for_each_description(Visit visit) const {
  for (const auto& [descriptor, description] : descriptors_) visit(*description);
  for (const auto& description : parents_descriptions_) visit(*description);
}

FakeFileTree::Place FakeSystem::place(int directory, std::string_view path) {
  FakeFileTree::Place failed;
  if (directory == sys::working_directory || (!path.empty() && path.front() == '/')) {
    return tree_.find(tree_.root(), path);
  }
  const Description* description = find(directory);
  if (description == nullptr || !description->inode->is_directory()) {
    failed.error = description == nullptr ? -EBADF : -ENOTDIR;
    return failed;
  }
  return tree_.find(description->inode, path);
}

std::string FakeSystem::path_of(int descriptor) const {
  const auto found = descriptors_.find(descriptor);
  return found == descriptors_.end() ? "descriptor " + std::to_string(descriptor) : found->second->path;
}

std::string FakeSystem::path_of(int directory, std::string_view path) const {
  return joined(directory == sys::working_directory ? "" : path_of(directory), path);
}

int FakeSystem::hand_out(InodePtr inode, bool writable, std::string path) {
  int descriptor = 3;
  while (descriptors_.contains(descriptor)) ++descriptor;
  ++inode->opens;
  auto description = std::make_unique<Description>();
  description->inode = std::move(inode);
  description->writable = writable;
  description->path = std::move(path);
  descriptors_.emplace(descriptor, std::move(description));
  return descriptor;
}

void FakeSystem::drop(Description& description) {
  if (description.inode->locked_by == &description) description.inode->locked_by = nullptr;
  std::erase_if(description.inode->locked_bytes, [&](const auto& byte) { return byte.second == &description; });
  tree_.closed(*description.inode);
}

bool FakeSystem::has_space_for(std::uint64_t blocks, std::uint64_t inodes) const {
  if (inodes > 0 && most_inodes_ != UINT64_MAX && tree_.inodes_in_use() + inodes > most_inodes_) return false;
  return blocks == 0 || most_blocks_ == UINT64_MAX || tree_.blocks_in_use() + blocks <= most_blocks_;
}

int FakeSystem::lock_holder(sys::FileIdentity identity) {
  const std::lock_guard guard(mutex_);
  ++counts_[static_cast<std::size_t>(Call::lock_holder)];
  int process = 0;
  for_each_description([&](const Description& description) {
    const Inode& inode = *description.inode;
    const bool named = sys::FileIdentity{options_.device, inode.number} == identity;
    if (named && inode.locked_by != nullptr) process = inode.locked_by_process;
  });
  return process;
}

sys::OpenFiles FakeSystem::open_files(const std::function<bool(std::string_view)>& wanted) {
  const std::lock_guard guard(mutex_);
  sys::OpenFiles found;
  for_each_description([&](const Description& description) {
    const Inode& inode = *description.inode;
    if (!wanted(description.path)) return;
    found.files.push_back(
        {options_.process, "fake", description.path, {options_.device, inode.number}, inode.locked_by == &description});
  });
  return found;
}

// ---- the world around it -------------------------------------------------------------------------------------

void FakeSystem::advance(std::chrono::nanoseconds duration) {
  const std::lock_guard guard(mutex_);
  wall_clock_ += duration;
  monotonic_clock_ += duration;
}

void FakeSystem::set_wall_clock(std::chrono::nanoseconds since_1970) {
  const std::lock_guard guard(mutex_);
  wall_clock_ = since_1970;
}

void FakeSystem::set_user(std::uint32_t user) {
  const std::lock_guard guard(mutex_);
  options_.user = user;
}

void FakeSystem::set_boot_id(const std::string& boot_id) {
  const std::lock_guard guard(mutex_);
  options_.boot_id = boot_id;
}

void FakeSystem::set_process(int process) {
  const std::lock_guard guard(mutex_);
  options_.process = process;
}

std::size_t FakeSystem::continue_as_forked_child() {
  const std::lock_guard guard(mutex_);
  ++forks_;
  ++generation_;
  std::size_t locks = 0;
  for (const auto& [descriptor, announcement] : announced_) {
    auto node = descriptors_.extract(descriptor);
    if (node.empty()) continue;
    if (node.mapped()->inode->locked_by == node.mapped().get()) ++locks;
    parents_descriptions_.push_back(std::move(node.mapped()));
  }
  announced_.clear();
  return locks;
}

void FakeSystem::set_exchange_supported(bool supported) {
  const std::lock_guard guard(mutex_);
  tree_.exchange_supported = supported;
}

void FakeSystem::set_no_replace_supported(bool supported) {
  const std::lock_guard guard(mutex_);
  tree_.no_replace_supported = supported;
}

void FakeSystem::set_time_granularity(std::chrono::nanoseconds granularity) {
  const std::lock_guard guard(mutex_);
  options_.time_granularity = granularity;
}

void FakeSystem::limit_space(std::uint64_t blocks, std::uint64_t inodes, int error) {
  const std::lock_guard guard(mutex_);
  most_blocks_ = blocks;
  most_inodes_ = inodes;
  space_error_ = error;
}

// ---- faults and the log --------------------------------------------------------------------------------------

void FakeSystem::fail(Call call, std::uint64_t nth, int error, Repeat repeat) {
  fail(Fault{.call = call, .nth = nth, .error = error, .repeat = repeat, .path = {}, .executed = false});
}

void FakeSystem::fail_any(std::uint64_t nth, int error, Repeat repeat) {
  fail(Fault{.call = {}, .nth = nth, .error = error, .repeat = repeat, .path = {}, .executed = false});
}

void FakeSystem::fail(Fault fault) {
  const std::lock_guard guard(mutex_);
  faults_.add(std::move(fault));
}

void FakeSystem::shorten(ShortTransfer transfer) {
  const std::lock_guard guard(mutex_);
  faults_.add(transfer);
}

void FakeSystem::clear_faults() {
  const std::lock_guard guard(mutex_);
  faults_.clear();
}

std::uint64_t FakeSystem::calls(Call call) const {
  const std::lock_guard guard(mutex_);
  return counts_[static_cast<std::size_t>(call)];
}

std::uint64_t FakeSystem::calls() const {
  const std::lock_guard guard(mutex_);
  return log_.size();
}

std::vector<LoggedCall> FakeSystem::log() const {
  const std::lock_guard guard(mutex_);
  return log_;
}

void FakeSystem::clear_log() {
  const std::lock_guard guard(mutex_);
  log_.clear();
  std::fill(counts_.begin(), counts_.end(), 0);
}

// ---- looking and tampering -----------------------------------------------------------------------------------

FakeSystem::Leaks FakeSystem::leaks() const {
  const std::lock_guard guard(mutex_);
  Leaks leaks;
  for_each_description([&](const Description& description) {
    if (description.inode->locked_by == &description) leaks.locks.push_back(description.path);
  });
  for (const auto& [descriptor, description] : descriptors_) leaks.descriptors.push_back(description->path);
  leaks.announced = announced_.size();
  return leaks;
}

std::vector<std::string> FakeSystem::names_below(std::string_view path) const {
  const std::lock_guard guard(mutex_);
  std::vector<std::string> names;
  const std::function<void(const Inode&, const std::string&)> add = [&](const Inode& inode, const std::string& base) {
    for (const auto& [name, child] : inode.entries) {
      names.push_back(base + name + (child->is_directory() ? "/" : ""));
      add(*child, base + name + "/");
    }
  };
  add(existing(path), "");
  std::sort(names.begin(), names.end());
  return names;
}

bool FakeSystem::exists(std::string_view path) const {
  const std::lock_guard guard(mutex_);
  return tree_.find(tree_.root(), path).inode != nullptr;
}

const Inode& FakeSystem::existing(std::string_view path) const {
  const FakeFileTree::Place found = tree_.find(tree_.root(), path);
  if (!found.inode) throw std::invalid_argument("no such file in the fake: " + std::string(path));
  return *found.inode;
}

sys::FileStatus FakeSystem::look(std::string_view path) const {
  const std::lock_guard guard(mutex_);
  sys::FileStatus status;
  fill(existing(path), status);
  return status;
}

std::vector<std::byte> FakeSystem::content(std::string_view path) const {
  const std::lock_guard guard(mutex_);
  return existing(path).content.bytes();
}

std::string FakeSystem::text(std::string_view path) const {
  std::string text;
  for (const std::byte byte : content(path)) text += static_cast<char>(byte);
  return text;
}

InodePtr FakeSystem::made(std::string_view path) {
  const FakeFileTree::Place found = tree_.find(tree_.root(), path);
  if (found.error != 0) throw std::invalid_argument("no such directory in the fake: " + std::string(path));
  if (found.inode) return found.inode;
  InodePtr inode = tree_.create(found, sys::FileType::regular, options_.user, now());
  tree_.sync_directory(*found.directory);
  return inode;
}

void FakeSystem::set_content(std::string_view path, std::span<const std::byte> bytes) {
  const std::lock_guard guard(mutex_);
  made(path)->content = tree_.content({bytes.begin(), bytes.end()});
}

void FakeSystem::set_text(std::string_view path, std::string_view text) {
  set_content(path, std::as_bytes(std::span(text)));
}

void FakeSystem::set_modified(std::string_view path, sys::FileTime time) {
  const std::lock_guard guard(mutex_);
  const InodePtr inode = made(path);
  inode->set_modified(time);
  inode->times_synced();
}

void FakeSystem::set_owner_and_mode(std::string_view path, std::uint32_t owner, std::uint32_t mode) {
  const std::lock_guard guard(mutex_);
  const InodePtr inode = made(path);
  inode->owner = owner;
  inode->mode = mode;
}

// ---- power cuts ----------------------------------------------------------------------------------------------

void FakeSystem::settle() {
  const std::lock_guard guard(mutex_);
  tree_.settle();
}

DiskImage FakeSystem::image() const {
  const std::lock_guard guard(mutex_);
  return image_of(tree_, wall_clock_);
}

PowerCutSummary FakeSystem::power_cut_states(const PowerCutOptions& options,
                                             const std::function<void(const DiskImage&)>& visit) const {
  return enumerate_power_cuts(tree_, wall_clock_, options, visit);
}

}  // namespace sess::test
