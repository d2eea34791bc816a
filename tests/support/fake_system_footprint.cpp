// Which objects a pending call would read and write in the present state of the fake.
//
// Two calls of different actors whose footprints are disjoint end in the same state in either order, with the same
// answers. "Same" leaves out the numbers of descriptors, and the order of the log. Whatever changes names writes
// `journal`, so such calls are never exchanged: they take and free inode numbers, and their order is what a power
// cut cuts.
#include "support/fake_system.hpp"

namespace sess::test {
namespace {

enum Kind : std::uint64_t { journal = 1, inode_of, lock_of, name_of, names_of };

std::uint64_t object(Kind kind, std::uint64_t number = 0) { return mixed(kind, number); }

std::uint64_t object(const InodePtr& directory, std::string_view name) {
  std::uint64_t hash = object(name_of, directory->number);
  for (const char c : name) hash = mixed(hash, static_cast<unsigned char>(c));
  return hash;
}

}  // namespace

Footprint FakeSystem::footprint(const PendingCall& call) {
  const std::lock_guard guard(mutex_);
  Footprint touched;

  // The directories on the way are read too: a rename of one would change where the path leads.
  const auto look_up = [&](int directory, const std::string& path) {
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      if (slash == 0) continue;
      const FakeFileTree::Place on_the_way = place(directory, path.substr(0, slash));
      if (on_the_way.directory) touched.reads(object(on_the_way.directory, on_the_way.name));
    }
    FakeFileTree::Place found = place(directory, path);
    if (found.directory) touched.reads(object(found.directory, found.name));
    return found;
  };
  const auto change = [&](const FakeFileTree::Place& found) {
    touched.writes(object(journal));
    if (found.directory) {
      touched.writes(object(found.directory, found.name));
      touched.writes(object(names_of, found.directory->number));
      touched.writes(object(inode_of, found.directory->number));
    }
    if (found.inode) touched.writes(object(inode_of, found.inode->number));
  };

  const Description* description = find(call.descriptor);
  const std::uint64_t number = description == nullptr ? 0 : description->inode->number;
  switch (call.call) {
    case Call::open: {
      const FakeFileTree::Place found = look_up(call.descriptor, call.name);
      if (call.exclusive) change(found);
      break;
    }
    case Call::close:
      touched.reads(object(inode_of, number));  // its count of links decides whether the inode is freed
      if (description == nullptr) break;
      if (description->inode->locked_by == description || !description->inode->locked_bytes.empty())
        touched.writes(object(lock_of, number));
      if (description->inode->links == 0) touched.writes(object(journal));
      break;
    case Call::try_lock:
    case Call::unlock:
    case Call::try_lock_byte:
      touched.writes(object(lock_of, number));
      break;
    case Call::status:
    case Call::read:
      touched.reads(object(inode_of, number));
      break;
    case Call::status_at: {
      const FakeFileTree::Place found = look_up(call.descriptor, call.name);
      if (found.inode) touched.reads(object(inode_of, found.inode->number));
      break;
    }
    case Call::write:
    case Call::truncate:
    case Call::set_times:
      touched.writes(object(inode_of, number));
      if (most_blocks_ != UINT64_MAX) touched.writes(object(journal));
      break;
    case Call::sync_data:
    case Call::sync:
      touched.writes(object(inode_of, number));
      if (description != nullptr && description->inode->is_directory()) touched.writes(object(journal));
      break;
    case Call::sync_file_system:
      touched.writes(object(journal));
      break;
    case Call::list:
      touched.reads(object(names_of, number));
      break;
    case Call::rename:
    case Call::link:
      change(look_up(call.descriptor, call.name));
      change(look_up(call.to_directory, call.to));
      break;
    case Call::unlink:
    case Call::make_directory:
    case Call::set_mode:
      change(look_up(call.descriptor, call.name));
      break;
    default:
      break;  // the explorer knows which calls it must not exchange with anything
  }
  return touched;
}

}  // namespace sess::test
