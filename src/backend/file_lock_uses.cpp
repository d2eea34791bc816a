// Who has locked which session, or waits for it.
#include "backend/file_store.hpp"
#include "format/names.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace sess::backend {

namespace {

/// True if this is what the name means now: paths of other stores look the same, and from another mount namespace this
/// store's look different.
bool is_at(const fs::Directory& directory, const char* name, const sys::OpenFile& file) {
  const auto status = directory.status(name);
  return status && status->identity == file.identity;
}

}  // namespace

LockUses FileStore::lock_uses() const {
  const sys::OpenFiles open = system().open_files(
      [](std::string_view path) { return format::record_in_path(path) || format::is_gc_file(path); });
  LockUses uses;
  uses.hidden_processes = open.hidden;
  uses.sees_all_processes = open.all_processes;
  std::map<std::string, LockUse> sessions;  // by the digits of the key
  for (const sys::OpenFile& file : open.files) {
    LockUser user{file.process, file.command};
    const auto key = format::record_in_path(file.path);
    if (!key) {
      if (file.locked && is_at(top_, format::gc_file, file)) uses.sweepers.push_back(std::move(user));
    } else if (is_at(shards_, format::record_name(*key).c_str(), file)) {
      LockUse& use = sessions.try_emplace(key->to_string()).first->second;
      use.key = *key;
      (file.locked ? use.holders : use.others).push_back(std::move(user));
    }
  }
  for (auto& session : sessions) uses.sessions.push_back(std::move(session.second));
  return uses;
}

}  // namespace sess::backend
