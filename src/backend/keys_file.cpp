#include "backend/keys_file.hpp"

#include "backend/clock_guard.hpp"
#include "backend/setup_lock.hpp"
#include "format/gc_state.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
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

[[noreturn]] void refuse_damaged(const char* operation, const fs::Directory& top, bool is_there) {
  throw StoreError(StoreError::Reason::damaged,
                   fmt::format("{} store \"{}\": its file \"{}\" is {}; restore it from a backup, or, without one, "
                               "move the store away and make a new one with sessctl init: nobody stays logged in then",
                               operation, top.path(), format::keys_file, is_there ? "damaged" : "missing"));
}

std::int64_t seconds_now(sys::System& system) { return system.wall_clock() / 1000; }

}  // namespace

KeysFile::KeysFile(fs::Directory top) : top_(std::move(top)) {
  auto reading = read();
  if (!reading) refuse_damaged("open", top_, top_.status(format::keys_file).has_value());
  looked_ = top_.system().monotonic_clock().count();
  newest_ = new Reading(std::move(*reading));
}

KeysFile::~KeysFile() {
  for (const Reading* reading = newest_.load(); reading != nullptr;) delete std::exchange(reading, reading->earlier);
}

void KeysFile::make(const fs::Directory& top) {
  if (const auto text = top.read_text(format::keys_file)) {
    // It is put in place whole, so this is no init that was killed.
    if (!Keyring::parse(*text)) refuse_damaged("make", top, true);
    return;
  }
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

bool KeysFile::looked_lately() const {
  const std::chrono::nanoseconds last(looked_.load(std::memory_order_acquire));
  return top_.system().monotonic_clock() - last < look_interval;
}

void KeysFile::look() const {
  // From before the look: whatever happens while this thread is held up is looked for again.
  const std::int64_t now = top_.system().monotonic_clock().count();
  for (;;) {
    const Reading* const known = newest_.load(std::memory_order_acquire);
    const auto status = top_.status(format::keys_file);
    if (!status || (status->identity == known->status.identity && status->changed == known->status.changed)) break;
    auto reading = read();
    if (!reading) break;
    reading->earlier = known;
    auto kept = std::make_unique<Reading>(std::move(*reading));
    const Reading* expected = known;
    if (!newest_.compare_exchange_strong(expected, kept.get(), std::memory_order_acq_rel))
      continue;                         // another's: newer?
    static_cast<void>(kept.release());  // the chain has it
    break;
  }
  std::int64_t last = looked_.load(std::memory_order_acquire);
  while (last < now && !looked_.compare_exchange_weak(last, now, std::memory_order_acq_rel)) {
  }
}

std::optional<SessionId> KeysFile::check(std::string_view text) const {
  const Keyring& keyring = newest().keyring;
  auto id = keyring.check(text);
  if (id || !Keyring::has_form_of_id(text) || looked_lately()) return id;
  look();
  return newest().keyring.check(text);
}

std::optional<SessionId> KeysFile::successor(const SessionId& id, const format::Forward& terms) const {
  auto next = newest().keyring.successor(id, terms);
  if (next || looked_lately()) return next;
  look();
  return newest().keyring.successor(id, terms);
}

const KeysFile::Reading& KeysFile::for_signing() const {
  if (!looked_lately()) {
    try {
      look();
    } catch (const IoError&) {
      // What is known signs as well as the new one.
    }
  }
  return newest();
}

SessionId KeysFile::issue(SessionKind kind, std::span<const std::byte, format::random_part_size> random) const {
  const Reading& reading = for_signing();
  return reading.keyring.issue(kind, seconds_now(top_.system()), reading.status.changed.seconds + 1, random);
}

format::Forward KeysFile::forward(std::span<const std::byte, format::nonce_size> nonce) const {
  const Reading& reading = for_signing();
  return reading.keyring.forward(seconds_now(top_.system()), reading.status.changed.seconds + 1, nonce);
}

/// By how many seconds the wall clock is ahead, as far as the sweep's guard can tell (clock_guard.hpp).
std::optional<std::int64_t> KeysFile::clock_ahead() const {
  const auto last = format::parse_gc_state(top_.read_text(format::gc_file).value_or(""));
  if (!last) return std::nullopt;
  const format::ClockState clock = observe_clock(last->clock, top_.system(), GcOptions().clock_hold);
  if (!held(clock)) return std::nullopt;
  return clock.jump / 1000;
}

KeyRotation KeysFile::rotate(const KeyRotationOptions& options) const {
  const fs::FileLock lock = lock_for_setup(top_);
  auto reading = read();
  if (!reading) refuse_damaged("rotate keys of", top_, top_.status(format::keys_file).has_value());
  const Keyring& before = reading->keyring;
  std::int64_t now = seconds_now(top_.system());
  std::int64_t keep_since = now - options.keep.count();
  if (const auto ahead = clock_ahead()) {
    now -= *ahead;
    keep_since = std::min(keep_since, std::int64_t{0});  // nobody knows how old anything is
  }
  const bool keeps_nothing = options.keep == std::chrono::seconds::zero();
  if (keeps_nothing) keep_since = now;
  const std::int64_t age = now - before.newest_made();
  if (!keeps_nothing && before.secrets() > 1 && age >= 0 && age < format::signing_delay.count())
    throw UsageError(fmt::format("rotate keys of store \"{}\": they were rotated less than {} seconds ago; wait",
                                 top_.path(), format::signing_delay.count()));
  const auto after = before.rotated(random_secret(top_), now, keep_since);
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
