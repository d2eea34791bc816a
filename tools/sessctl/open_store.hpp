// Opening a store as its owner, and telling the reasons for which one cannot be opened apart.
#pragma once

#include <sess/store.hpp>

#include <string>

namespace sessctl {

/// If this is root and the directory belongs to somebody else: becomes that user, for good, before anything in the
/// store is touched. Otherwise files would be made that the store's own programs cannot open. Throws Failure.
void become_owner(const std::string& path);

/// Opens the store. Throws Failure: absent (there is none), no_permission (somebody else's), config (newer or
/// damaged). `options.create` is not for here: see init_store.
sess::Store open_store(const std::string& path, sess::StoreOptions options = {});

/// For who looks on while the store is removed: throws Failure (absent).
[[noreturn]] void fail_without_store(const std::string& path);

/// Makes the store if there is none, and opens it. Throws Failure (cannot_create, no_permission).
sess::Store init_store(const std::string& path);

}  // namespace sessctl
