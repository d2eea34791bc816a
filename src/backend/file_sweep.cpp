// The sweep (PROTOCOL.md, "Sweep"): judges by mtime, takes the session's lock, judges again, then unlinks. It
// allocates nothing on disk, so that a full one can be swept.
#include "backend/clock_guard.hpp"
#include "backend/events.hpp"
#include "backend/file_examination.hpp"
#include "backend/file_record.hpp"
#include "backend/file_store.hpp"
#include "backend/stamp.hpp"
#include "format/gc_state.hpp"
#include "format/names.hpp"
#include "fs/io_error.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sess::backend {

namespace {

/// Nothing where no sweep has ended yet, and where it cannot be understood.
std::optional<format::GcState> read_state(const fs::Directory& top) {
  return format::parse_gc_state(top.read_text(format::gc_file).value_or(""));
}

std::optional<ClockHold> hold_of(const format::ClockState& clock) {
  if (!held(clock)) return std::nullopt;
  return ClockHold{std::chrono::milliseconds(clock.jump), std::chrono::milliseconds(clock.held_until - clock.boot)};
}

}  // namespace

/// One sweep of the whole store, or of as many shards as the budget allows.
class Sweep {
 public:
  Sweep(const FileStore& store, const GcOptions& options, const RecordStore::Expiring& expiring)
      : store_(store),
        options_(options),
        expiring_(expiring),
        started_(store.system().monotonic_clock()),
        wall_at_start_(store.now()),
        boot_at_start_(store.system().boot_clock()) {}

  /// Of the index beside it, by the same clocks.
  Sweep(const FileStore& index, const Sweep& of)
      : store_(index),
        options_(of.options_),
        expiring_(of.expiring_),
        started_(of.started_),
        wall_at_start_(of.wall_at_start_),
        boot_at_start_(of.boot_at_start_) {}

  GcReport run() {
    fs::FileLock lock = lock_gc_file();
    if (!lock) return std::move(report_);
    format::GcState state = read_state(store_.top_).value_or(format::GcState{});
    const format::ClockState before = state.clock;
    state.clock = observe_clock(before, store_.system(), options_.clock_hold);
    if (const auto hold = hold_of(state.clock)) {
      report_.clock_jump = hold->jump;
      report_.held_for = hold->held_for;
      if (!options_.dry_run) {
        remember(lock, state);
        // By the sweep that begins the hold, not by those that find it in force.
        if (state.clock.held_until != before.held_until || state.clock.boot_id != before.boot_id) tell_of_jump();
      }
      return std::move(report_);
    }
    std::unique_ptr<FileStore> index;
    guarded([&] { index = open_index(); });
    unsigned shard = state.next_shard % format::shard_count;
    for (unsigned done = 0; done < format::shard_count; ++done) {
      if (done > 0 && over_budget()) break;
      guarded([&] { sweep_shard(shard, done == 0); });
      if (index && !stopped_) guarded([&] { sweep_index(*index, shard); });
      if (stopped_) break;
      shard = (shard + 1) % format::shard_count;
      ++report_.shards_done;
      if (options_.on_progress) options_.on_progress({report_.shards_done, format::shard_count, report_.examined});
    }
    report_.complete = report_.shards_done == format::shard_count;
    report_.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(store_.system().monotonic_clock() - started_);
    state = {shard,           store_.now(),      report_.duration.count() / 1000, report_.examined,
             report_.expired, report_.leftovers, std::move(state.clock),          std::move(state.hours)};
    format::add_to_hours(state);
    if (!options_.dry_run) guarded([&] { remember(lock, state); });
    if (refusal_) std::rethrow_exception(refusal_);
    return std::move(report_);
  }

 private:
  bool over_budget() const {
    return options_.budget.count() > 0 && store_.system().monotonic_clock() - started_ >= options_.budget;
  }

  /// The wall clock as it was trusted at the start: one that is set while the sweep runs ends no session.
  std::int64_t now() const {
    const auto elapsed = store_.system().boot_clock() - boot_at_start_;
    return std::min(store_.now(),
                    wall_at_start_ + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  }

  /// The lock is on the file "gc" itself, which is never replaced: one sweeper at a time.
  fs::FileLock lock_gc_file() {
    auto opened = fs::open_lockable(store_.top_, format::gc_file);
    if (!opened)
      throw StoreError(StoreError::Reason::damaged, "sweep \"" + store_.top_.path() + "\": its file \"gc\" is missing");
    if (opened->lock.try_lock(store_.top_, format::gc_file)) return std::move(opened->lock);
    report_.status = Outcome::busy;
    return {};
  }

  void remember(const fs::FileLock& lock, const format::GcState& state) const {
    const std::string text = format::to_text(state);
    store_.top_.write(lock.file(), format::gc_file, std::as_bytes(std::span(text)));
  }

  void tell_of_jump() const {
    tell(store_.options_.events.get(), [&] {
      return Event{.kind = Event::Kind::clock_jump, .clock_jump = report_.clock_jump, .held_for = report_.held_for};
    });
  }

  /// One file that cannot be read must not end the sweep of all others.
  template <class Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (const UnsupportedRecord&) {
      ++report_.unreadable;  // a newer format: left alone
    } catch (const CorruptRecord&) {
      ++report_.unreadable;  // no file at all
    } catch (const IoError& error) {
      ++report_.errors;
      if (report_.first_error.empty()) report_.first_error = error.what();
    }
  }

  /// The index and which of its shards there are; nothing where there is none.
  std::unique_ptr<FileStore> open_index() {
    if (!store_.top_.status(format::principals_directory)) return nullptr;
    auto index = store_.open_index(format::principals_directory, FileStoreOptions::Role::index);
    index->shards_.visit([&](const sys::DirectoryEntry& entry) {
      index_shards_.emplace(entry.name);
      return true;
    });
    return index;
  }

  /// Principals none of whose sessions can be there any more.
  void sweep_index(const FileStore& index, unsigned shard) {
    if (!index_shards_.contains(format::shard_name(shard))) return;
    Sweep sweep(index, *this);
    sweep.sweep_shard(shard, true);
    report_.leftovers += sweep.report_.leftovers;
    report_.quarantined += sweep.report_.quarantined;
    report_.unreadable += sweep.report_.unreadable;
    report_.errors += sweep.report_.errors;
    if (report_.first_error.empty()) report_.first_error = sweep.report_.first_error;
  }

  void sweep_shard(unsigned shard, bool whole) {
    const std::string prefix = format::shard_name(shard);
    const fs::Directory directory = store_.shards_.open_child(prefix.c_str());
    std::vector<std::pair<format::ShardEntry, std::string>> entries;
    directory.visit([&](const sys::DirectoryEntry& entry) {
      if (const auto parsed = format::parse_shard_entry(shard, entry.name))
        entries.emplace_back(*parsed, prefix + "/" + std::string(entry.name));
      return true;
    });
    for (const auto& [entry, name] : entries) {
      if (!whole && over_budget()) {
        stopped_ = true;
        return;
      }
      if (stopped_) return;
      guarded([&, &key = entry.key, kind = entry.kind, &path = name] {
        switch (kind) {
          case format::ShardEntry::Kind::record:
            return sweep_record(key);
          case format::ShardEntry::Kind::temporary:
            return sweep_leftover(path, nullptr);
          case format::ShardEntry::Kind::spare:
            return sweep_spare(key, path);
        }
      });
    }
  }

  void sweep_record(const SessionKey& key) {
    const auto name = format::record_name(key);
    const auto status = store_.shards_.status(name.c_str());
    if (!status) return;
    ++report_.examined;
    if (deadline_of(status->modified) > now()) return;
    fs::Acquisition acquired = fs::acquire(store_.shards_, name.c_str(), fs::Deadline::none());
    if (acquired.outcome == fs::Acquisition::Outcome::busy) {
      ++report_.in_use;  // busy means live
      return;
    }
    if (acquired.outcome == fs::Acquisition::Outcome::absent) return;
    const FileStore::Loaded loaded = store_.load(key, acquired.lock.file(), acquired.status);
    if (store_.is_index() && !loaded.damage.empty()) {
      ++report_.unreadable;  // its sessions may live; who looks for them makes it again
      return;
    }
    const bool is_live = loaded.version && loaded.version->deadline > now();
    // Judged again under the lock: it may have been renewed between the look and the lock. The times of a damaged one
    // may be wrong, and its previous version live.
    if (is_live) {
      ++(loaded.damage.empty() ? report_.in_use : report_.unreadable);
      return;
    }
    // What cannot be read is not deleted, whatever the version before it says. A file without a byte is nothing to
    // keep: that is what a power cut leaves.
    if (!loaded.version || (!loaded.damage.empty() && acquired.status.size > 0)) {
      if (!options_.dry_run) store_.set_aside(key, loaded.damage);
      ++report_.quarantined;
      return;
    }
    if (!options_.dry_run && !hand_out(*loaded.version)) return;
    ++report_.expired;
    if (options_.dry_run) return;
    store_.shards_.unlink(format::spare_name(key).c_str());
    const bool removed = store_.shards_.unlink(name.c_str());
    acquired.lock.release();
    // What was replaced had ended before, and a principal is no session.
    const format::Header& ended = loaded.version->header;
    if (removed && ended.state == format::RecordState::live && !store_.is_index())
      tell(store_.options_.events.get(), [&] { return event_about(Event::Kind::expired, ended); });
  }

  /// False if the version is to stay.
  bool hand_out(const Version& version) {
    if (!expiring_ || store_.is_index() || version.header.state != format::RecordState::live) return true;
    try {
      if (expiring_(version)) return true;
      ++report_.unreadable;
    } catch (...) {
      refusal_ = std::current_exception();
      stopped_ = true;
    }
    return false;
  }

  void sweep_leftover(const std::string& path, const char* owner) {
    const auto done = store_.remove_leftover(path, owner, now(), options_.dry_run);
    if (done == FileStore::Leftover::removed) ++report_.leftovers;
  }

  /// A spare whose record is absent (an operator has removed it by hand), or has not been written for long.
  void sweep_spare(const SessionKey& key, const std::string& path) {
    const auto record = format::record_name(key);
    const auto status = store_.shards_.status(record.c_str());
    if (!status) return sweep_leftover(path, record.c_str());
    if (deadline_of(status->modified) <= now()) return;  // goes with its record
    const std::chrono::milliseconds idle(now() - deadline_of(status->changed));
    if (options_.spare_idle > std::chrono::milliseconds::zero() && idle >= options_.spare_idle) drop_spare(key, path);
  }

  void drop_spare(const SessionKey& key, const std::string& path) {
    const auto record = format::record_name(key);
    const fs::Acquisition acquired = fs::acquire(store_.shards_, record.c_str(), fs::Deadline::none());
    if (acquired.outcome != fs::Acquisition::Outcome::locked) return;
    // Not the only good copy: the record itself verifies, and is on disk whatever its writer asked for.
    if (!store_.load(key, acquired.lock.file(), acquired.status).damage.empty()) return;
    if (!options_.dry_run) {
      const int answer = store_.system().sync_data(acquired.lock.file().get());
      if (answer < 0) fs::throw_io("sync", store_.shards_.path_of(record.c_str()), answer);
      store_.shards_.unlink(path.c_str());
    }
    ++report_.spares;
  }

  const FileStore& store_;
  const GcOptions& options_;
  const RecordStore::Expiring& expiring_;
  std::exception_ptr refusal_;  // what it threw
  std::chrono::nanoseconds started_;
  std::int64_t wall_at_start_;
  std::chrono::nanoseconds boot_at_start_;
  GcReport report_;
  std::set<std::string> index_shards_;
  bool stopped_ = false;
};

FileStore::Leftover FileStore::remove_leftover(const std::string& path, const char* owner, std::int64_t now,
                                               bool dry_run) const {
  const auto status = shards_.status(path.c_str());
  if (!status) return Leftover::in_use;
  if (now - deadline_of(status->changed) < leftover_age) return Leftover::young;
  const fs::Acquisition acquired = fs::acquire(shards_, path.c_str(), fs::Deadline::none());
  if (acquired.outcome != fs::Acquisition::Outcome::locked) return Leftover::in_use;
  if (owner != nullptr && shards_.status(owner)) return Leftover::in_use;
  if (!dry_run) shards_.unlink(path.c_str());
  return Leftover::removed;
}

GcReport FileStore::sweep(const GcOptions& options, const Expiring& expiring) const {
  return Sweep(*this, options, expiring).run();
}

std::optional<LastSweep> FileStore::last_sweep() const {
  const auto state = read_state(top_);
  if (!state || state->finished == 0) return std::nullopt;
  return LastSweep{std::chrono::system_clock::time_point(std::chrono::milliseconds(state->finished)),
                   std::chrono::milliseconds(state->duration), state->examined, state->expired, state->leftovers};
}

std::vector<SweptHour> FileStore::swept_hours() const {
  const auto state = read_state(top_);
  if (!state) return {};
  std::vector<SweptHour> hours;
  for (auto sums = state->hours.rbegin(); sums != state->hours.rend(); ++sums)
    hours.push_back({std::chrono::system_clock::time_point(std::chrono::milliseconds(sums->begin)), sums->sweeps,
                     std::chrono::milliseconds(sums->duration), sums->examined, sums->expired, sums->leftovers});
  return hours;
}

std::optional<ClockHold> FileStore::clock_hold(std::chrono::milliseconds hold) const {
  const auto state = read_state(top_);
  if (!state) return std::nullopt;
  return hold_of(observe_clock(state->clock, system(), hold));
}

}  // namespace sess::backend
