#include "store/core.hpp"

#include "backend/file_setup.hpp"
#include "backend/file_store.hpp"
#include "format/names.hpp"
#include "store/times.hpp"
#include "sys/crypto.hpp"
#include "sys/posix_system.hpp"

#include <utility>

namespace sess {

struct Store::Core::Parts {
  StoreFacts facts;
  std::shared_ptr<const backend::Events> events;
  std::unique_ptr<backend::KeysFile> keys;
  std::unique_ptr<backend::RecordStore> records;
};

namespace {

void check(const StoreOptions& options) {
  constexpr std::size_t largest = std::size_t{1} << 30;
  const auto refuse = [](const char* why) { throw UsageError(std::string("open store: ") + why); };
  check_timeout(options.idle_timeout, "open store: idle_timeout");
  check_timeout(options.lifetime, "open store: lifetime");
  if (options.grace.count() < 0 || options.grace > longest_timeout)
    refuse("grace must not be negative, and at most a hundred years");
  if (options.succession_age.count() < 0 || options.succession_age > longest_timeout)
    refuse("succession_age must not be negative, and at most a hundred years");
  if (options.lock_timeout.count() < 0 || options.lock_timeout > longest_timeout)
    refuse("lock_timeout must not be negative, and at most a hundred years");
  if (options.refuse_beyond_limit && options.sessions_per_principal == 0)
    refuse("refuse_beyond_limit needs sessions_per_principal");
  if (options.waiter_limit > format::waiters_per_session) refuse("waiter_limit must be at most 64");
  if (options.size_limit == 0 || options.size_limit > largest) refuse("size_limit must be from 1 byte to 1 GiB");
}

}  // namespace

Store::Core::Core(std::shared_ptr<sys::System> system, StoreOptions options, Parts parts)
    : system_(std::move(system)),
      options_(std::move(options)),
      facts_(std::move(parts.facts)),
      events_(std::move(parts.events)),
      keys_(std::move(parts.keys)),
      records_(std::move(parts.records)) {}

namespace {

backend::OpenedDirectory open_or_make(sys::System& system, const std::string& path, const StoreOptions& options) {
  if (options.create && !backend::is_store(system, path)) backend::init_directory(system, path);
  return backend::open_directory(system, path, options.probe);
}

}  // namespace

Store open_store(std::shared_ptr<sys::System> system, const std::string& path, const StoreOptions& options) {
  return Store(std::make_shared<const Store::Core>(std::move(system), path, options));
}

Store::Core::Core(std::shared_ptr<sys::System> system, const std::string& path, const StoreOptions& options)
    : Core(system, options, [&] {
        check(options);
        sys::prepare_crypto();
        backend::OpenedDirectory opened = open_or_make(*system, path, options);
        const StoreFacts facts{path, opened.file.format, format::newest_format, opened.file.shards,
                               opened.file.exchange};
        // Without nanoseconds (inode, mtime) does not name a version, unless each has an inode of its own.
        const bool exchange =
            opened.file.exchange && opened.file.nanoseconds && options.commit_method == CommitMethod::automatic;
        const auto events =
            options.on_event ? std::make_shared<const backend::Events>(*system, options.on_event) : nullptr;
        auto records = std::make_unique<backend::FileStore>(
            std::move(opened.top),
            backend::FileStoreOptions{.format = static_cast<format::FormatVersion>(opened.file.format),
                                      .exchange = exchange,
                                      .nanoseconds = opened.file.nanoseconds,
                                      .no_replace = opened.file.no_replace,
                                      .lock_timeout = options.lock_timeout,
                                      .early_writeback = options.early_writeback,
                                      .waiter_limit = options.waiter_limit,
                                      .events = events,
                                      .forgets_synced_removals = opened.forgets_synced_removals});
        return Parts{facts, events, std::move(opened.keys), std::move(records)};
      }()) {}

Principals Store::Core::principals(std::optional<std::chrono::milliseconds> timeout) const {
  // Of what is there; what is made meanwhile waits for this index.
  const backend::RecordStore& index =
      records_->index([&](const backend::RecordStore& fresh) { enter_all(*records_, fresh); });
  return {index, *records_, timeout.value_or(options_.lock_timeout)};
}

Store Store::open(const std::string& path, const StoreOptions& options) {
  return open_store(std::make_shared<sys::PosixSystem>(), path, options);
}

void Store::init(const std::string& path) {
  sys::PosixSystem system;
  backend::init_directory(system, path);
}

FormatUpgrade Store::upgrade(const std::string& path) {
  sys::PosixSystem system;
  return backend::upgrade_directory(system, path);
}

FileSystemTrial try_file_system(const std::string& path, const Onlooker& onlooker) {
  sys::PosixSystem system;
  return backend::try_directory(system, path, onlooker);
}

}  // namespace sess
