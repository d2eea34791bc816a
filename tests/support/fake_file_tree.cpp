#include "support/fake_file_tree.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace sess::test {

void Inode::set_modified(sys::FileTime time) {
  modified = time;
  unsynced_modified.push_back(time);
}

void Inode::times_synced() {
  durable_modified = modified;
  unsynced_modified.clear();
}

std::uint64_t blocks_for(std::uint64_t size) { return (size + 4095) / 4096 * 8; }

FakeFileTree::FakeFileTree(sys::FileTime now, std::size_t sector_size)
    : sector_size_(sector_size), root_(std::make_shared<Inode>()) {
  root_->number = take_number();
  root_->type = sys::FileType::directory;
  root_->mode = 0755;
  root_->links = 1;
  root_->modified = root_->changed = root_->durable_modified = now;
}

FakeFileTree::FakeFileTree(const DiskImage& image, std::size_t sector_size) : sector_size_(sector_size) {
  std::map<std::uint64_t, InodePtr> inodes;
  for (const auto& [number, file] : image.files) {
    auto inode = std::make_shared<Inode>();
    inode->number = number;
    inode->type = file.type;
    inode->mode = file.mode;
    inode->owner = file.owner;
    inode->content = content(file.content);
    inode->modified = inode->durable_modified = file.modified;
    inode->changed = file.changed;
    inodes.emplace(number, std::move(inode));
  }
  for (const auto& [number, file] : image.files) {
    for (const auto& [name, target] : file.entries) {
      const InodePtr& inode = inodes.at(target);
      inodes.at(number)->entries.emplace(name, inode);
      ++inode->links;
    }
    inodes.at(number)->durable_entries = inodes.at(number)->entries;
  }
  root_ = inodes.at(image.root);
  root_->links = 1;
  next_number_ = inodes.rbegin()->first + 1;
  for (std::uint64_t number = first_number; number < next_number_; ++number) {
    if (!inodes.contains(number)) free_.insert(number);
  }
}

std::uint64_t FakeFileTree::take_number() {
  // The lowest free one: the worst case for whoever takes an inode number for an identity.
  if (free_.empty()) return next_number_++;
  return free_.extract(free_.begin()).value();
}

void FakeFileTree::release_if_unused(Inode& inode) {
  if (inode.links == 0 && inode.opens == 0) free_.insert(inode.number);
}

void FakeFileTree::closed(Inode& inode) {
  --inode.opens;
  release_if_unused(inode);
}

FakeFileTree::Place FakeFileTree::find(const InodePtr& start, std::string_view path) const {
  Place place;
  if (path.empty()) {
    place.error = -ENOENT;
    return place;
  }
  place.inode = path.front() == '/' ? root_ : start;
  place.name = ".";
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") throw std::logic_error("the fake file system knows no \"..\"");
    if (!place.inode || !place.inode->is_directory()) {
      place.error = place.inode ? -ENOTDIR : -ENOENT;
      return place;
    }
    place.directory = place.inode;
    place.name = part;
    const auto found = place.directory->entries.find(part);
    place.inode = found == place.directory->entries.end() ? nullptr : found->second;
  }
  // Nothing can be made in a directory that has lost its name.
  if (!place.inode && place.directory->links == 0) place.error = -ENOENT;
  return place;
}

void FakeFileTree::change_names(std::vector<NameOperation::Change> changes, std::string text, sys::FileTime now) {
  for (const auto& [directory, name, target] : changes) {
    if (target) {
      directory->entries[name] = target;
      target->changed = now;
    } else {
      directory->entries.erase(name);
    }
    directory->modified = directory->changed = now;
  }
  journal_.push_back({std::move(changes), std::move(text)});
}

InodePtr FakeFileTree::create(const Place& place, sys::FileType type, std::uint32_t owner, sys::FileTime now) {
  auto inode = std::make_shared<Inode>();
  inode->number = take_number();
  inode->content = content({});
  inode->type = type;
  inode->mode = type == sys::FileType::directory ? 0700 : 0600;
  inode->owner = owner;
  inode->links = 1;
  inode->modified = inode->changed = inode->durable_modified = now;
  change_names({{place.directory, place.name, inode}}, "create " + place.name, now);
  return inode;
}

int FakeFileTree::link(const Place& from, const Place& to, sys::FileTime now) {
  if (from.error != 0) return from.error;
  if (!from.inode) return -ENOENT;
  if (to.error != 0) return to.error;
  if (to.inode) return -EEXIST;
  if (from.inode->is_directory()) return -EPERM;
  ++from.inode->links;
  change_names({{to.directory, to.name, from.inode}}, "link " + from.name + " " + to.name, now);
  return 0;
}

int FakeFileTree::unlink(const Place& place, sys::FileTime now) {
  if (place.error != 0) return place.error;
  if (!place.inode) return -ENOENT;
  if (place.inode->is_directory()) return -EISDIR;
  place.inode->changed = now;
  --place.inode->links;
  change_names({{place.directory, place.name, nullptr}}, "unlink " + place.name, now);
  release_if_unused(*place.inode);
  return 0;
}

int FakeFileTree::rename(const Place& from, const Place& to, sys::RenameMode mode, sys::FileTime now) {
  if (from.error != 0) return from.error;
  if (to.error != 0) return to.error;
  // "." has no name to take away.
  if (!from.directory) return -EBUSY;
  if (!to.directory) return mode == sys::RenameMode::no_replace ? -EEXIST : -EBUSY;
  if (!from.inode) return -ENOENT;
  const bool exchange = mode == sys::RenameMode::exchange;
  if (mode == sys::RenameMode::no_replace && to.inode) return -EEXIST;
  if (exchange && !to.inode) return -ENOENT;
  // A directory into itself, or over one that it is in.
  if (is_below(to.directory, from.inode)) return -EINVAL;
  if (to.inode && is_below(from.directory, to.inode)) return exchange ? -EINVAL : -ENOTEMPTY;
  if (from.inode == to.inode) return 0;
  if (!exchange && to.inode) {
    if (from.inode->is_directory() && !to.inode->is_directory()) return -ENOTDIR;
    if (!from.inode->is_directory() && to.inode->is_directory()) return -EISDIR;
    if (!to.inode->entries.empty()) return -ENOTEMPTY;
  }
  // A file system without the flag says so last, after the checks that are common to all.
  if (exchange && !exchange_supported) return -EINVAL;
  if (mode == sys::RenameMode::no_replace && !no_replace_supported) return -EINVAL;

  if (exchange) {
    change_names({{from.directory, from.name, to.inode}, {to.directory, to.name, from.inode}},
                 "exchange " + from.name + " " + to.name, now);
    return 0;
  }
  change_names({{from.directory, from.name, nullptr}, {to.directory, to.name, from.inode}},
               "rename " + from.name + " " + to.name, now);
  if (to.inode) {
    to.inode->changed = now;
    --to.inode->links;
    release_if_unused(*to.inode);
  }
  return 0;
}

bool FakeFileTree::is_below(const InodePtr& inode, const InodePtr& directory) const {
  if (inode == directory) return true;
  return std::any_of(directory->entries.begin(), directory->entries.end(),
                     [&](const auto& entry) { return is_below(inode, entry.second); });
}

void FakeFileTree::sync_directory(const Inode& directory) {
  const auto concerns = [&](const NameOperation& operation) {
    return std::any_of(operation.changes.begin(), operation.changes.end(),
                       [&](const auto& change) { return change.directory.get() == &directory; });
  };
  const auto last = std::find_if(journal_.rbegin(), journal_.rend(), concerns).base();
  for (auto operation = journal_.begin(); operation != last; ++operation) {
    for (const auto& [in, name, target] : operation->changes) {
      if (target) {
        in->durable_entries[name] = target;
      } else {
        in->durable_entries.erase(name);
      }
    }
  }
  journal_.erase(journal_.begin(), last);
}

void FakeFileTree::settle() {
  sync_everything();
  each_inode([](Inode& inode) { inode.content.settle(); });
}

void FakeFileTree::sync_everything() {
  journal_.clear();
  each_inode([](Inode& inode) {
    inode.content.synced();
    inode.times_synced();
    inode.durable_entries = inode.entries;
  });
}

void FakeFileTree::each_inode(const std::function<void(Inode&)>& visit) const {
  const std::function<void(Inode&)> descend = [&](Inode& inode) {
    visit(inode);
    for (const auto& [name, child] : inode.entries) descend(*child);
  };
  descend(*root_);
}

std::uint64_t FakeFileTree::blocks_in_use() const {
  std::set<const Inode*> seen;
  const std::function<std::uint64_t(const Inode&)> count = [&](const Inode& inode) {
    if (!seen.insert(&inode).second) return std::uint64_t{0};
    std::uint64_t blocks = blocks_for(inode.content.size());
    for (const auto& [name, child] : inode.entries) blocks += count(*child);
    return blocks;
  };
  return count(*root_);
}

}  // namespace sess::test
