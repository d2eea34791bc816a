#include "backend/keys_file.hpp"

#include "backend/setup_lock.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <span>
#include <utility>

namespace sess::backend {

using format::Keyring;

namespace {

Keyring::Secret random_secret(const fs::Directory& top) {
  Keyring::Secret secret;
  const int answer = top.system().random(std::as_writable_bytes(std::span(secret)));
  if (answer < 0) fs::throw_io("read random bytes for", top.path(), answer);
  return secret;
}

std::int64_t seconds_now(sys::System& system) { return system.wall_clock() / 1000; }

}  // namespace

KeysFile::KeysFile(fs::Directory top) : top_(std::move(top)) {
  auto reading = read();
  if (!reading)
    throw StoreError(StoreError::Reason::damaged,
                     fmt::format("open store \"{}\": its file \"{}\" is {}", top_.path(), format::keys_file,
                                 top_.status(format::keys_file) ? "damaged" : "missing; restore it from a backup"));
  keep(std::move(*reading));
}

KeysFile::~KeysFile() {
  for (const Reading* reading = newest_.load(); reading != nullptr;) delete std::exchange(reading, reading->earlier);
}

void KeysFile::make(const fs::Directory& top) {
  if (const auto text = top.read_text(format::keys_file); text && Keyring::parse(*text)) return;
  const auto keyring = Keyring::make(random_secret(top), random_secret(top), seconds_now(top.system()));
  top.put_text(format::keys_file, format::new_keys_file, keyring.to_text());
}

std::optional<KeysFile::Reading> KeysFile::read() const {
  // The status first: if the file is replaced between the two, it differs at the next look, and is read again.
  const auto status = top_.status(format::keys_file);
  const auto text = top_.read_text(format::keys_file);
  if (!status || !text) return std::nullopt;
  auto keyring = Keyring::parse(*text);
  if (!keyring) return std::nullopt;
  return Reading{std::move(*keyring), *status, nullptr};
}

void KeysFile::keep(Reading reading) const {
  auto kept = std::make_unique<Reading>(std::move(reading));
  kept->earlier = newest_.load(std::memory_order_relaxed);
  while (!newest_.compare_exchange_weak(kept->earlier, kept.get(), std::memory_order_acq_rel)) {
  }
  kept.release();
  looked_.store(top_.system().monotonic_clock().count(), std::memory_order_release);
}

bool KeysFile::looked_lately() const {
  const std::chrono::nanoseconds last(looked_.load(std::memory_order_acquire));
  return top_.system().monotonic_clock() - last < look_interval;
}

void KeysFile::look() const {
  const auto now = top_.system().monotonic_clock();
  const auto status = top_.status(format::keys_file);
  const sys::FileStatus& known = newest().status;
  const bool same = !status || (status->identity == known.identity && status->changed == known.changed);
  if (!same) {
    if (auto reading = read()) return keep(std::move(*reading));
  }
  // After what was looked at, never before: another thread relies on it.
  looked_.store(now.count(), std::memory_order_release);
}

std::optional<SessionId> KeysFile::check(std::string_view text) const {
  const Keyring& keyring = newest().keyring;
  auto id = keyring.check(text);
  if (id || !keyring.names_unknown_secret(text) || looked_lately()) return id;
  look();
  return newest().keyring.check(text);
}

SessionId KeysFile::issue(SessionKind kind, std::span<const std::byte, format::random_part_size> random) const {
  if (!looked_lately()) {
    try {
      look();
    } catch (const IoError&) {
      // What is known signs as well as the new one.
    }
  }
  const Reading& reading = newest();
  return reading.keyring.issue(kind, seconds_now(top_.system()), reading.status.changed.seconds + 1, random);
}

KeyRotation KeysFile::rotate(const KeyRotationOptions& options) const {
  const fs::FileLock lock = lock_for_setup(top_);
  auto reading = read();
  if (!reading)
    throw StoreError(StoreError::Reason::damaged, fmt::format("rotate keys of store \"{}\": its file \"{}\" is damaged",
                                                              top_.path(), format::keys_file));
  const std::int64_t now = seconds_now(top_.system());
  const Keyring& before = reading->keyring;
  if (before.secrets() > 1 && now - before.newest_made() < format::signing_delay.count())
    throw UsageError(fmt::format("rotate keys of store \"{}\": they were rotated less than {} seconds ago; wait",
                                 top_.path(), format::signing_delay.count()));
  const auto after = before.rotated(random_secret(top_), now, now - options.keep.count());
  if (!after)
    throw UsageError(
        fmt::format("rotate keys of store \"{}\": {} earlier secrets are still kept; rotate less often, or "
                    "keep them for a shorter time",
                    top_.path(), before.secrets()));
  top_.put_text(format::keys_file, format::new_keys_file, after->to_text());
  const std::size_t kept = after->secrets() - 1;
  KeyRotation rotation{after->newest_number(), kept, before.secrets() - kept,
                       kept == 0 ? std::chrono::seconds(0) : format::signing_delay};
  try {
    look();
  } catch (const IoError&) {
    // It is done; the next look sees it.
  }
  return rotation;
}

}  // namespace sess::backend
