#include "machine.hpp"

#include "format/header.hpp"
#include "format/names.hpp"
#include "support/store_world.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sess::test {

using std::chrono::hours;

namespace {

FakeOptions fake_options(const Setting& setting) { return {.no_replace_supported = setting.no_replace}; }

FakeOptions options_after_start(const Setting& setting) {
  FakeOptions options = fake_options(setting);
  if (setting.another_device) options.device = 2;
  return options;
}

std::string shards() { return std::string(store_path) + "/shards"; }

}  // namespace

StoreOptions Machine::options(const Setting& setting) {
  return {.idle_timeout = hours(48),
          .lifetime = hours(1000),
          .sessions_per_principal = setting.limit,
          .refuse_beyond_limit = setting.refuses,
          .sealed = setting.sealed,
          .early_writeback = setting.early_writeback,
          .lock_timeout = std::chrono::milliseconds(50),
          .create = setting.disk == Setting::Disk::empty,
          .commit_method = setting.method};
}

Machine::Machine(const Setting& setting)
    : fake(std::make_shared<FakeSystem>(fake_options(setting))), system(fake), setting_(setting) {
  if (setting.disk == Setting::Disk::empty) return;
  StoreOptions making = options(setting);
  making.create = true;
  making.commit_method = CommitMethod::automatic;  // so that there is a spare, unless it is taken away
  store = open_store(fake, store_path, making);
  keys.emplace_back(make_session(*store, {{"n", 1}, {"text", secret + std::string(600, 'x')}}));
  if (!store->update(key(), [](Editor& editor) { editor.set("n", 2); }))
    throw std::logic_error("cannot make a session");
  damage();
  if (setting.furnish) setting.furnish(*this);
}

Machine::Machine(const Setting& setting, const DiskImage& image, std::vector<KnownSession> known,
                 const Breaking& breaking)
    : fake(std::make_shared<FakeSystem>(image, options_after_start(setting))),
      system(breaking ? breaking(fake) : fake),
      keys(std::move(known)),
      setting_(setting) {}

Store& Machine::viewer() {
  if (!viewer_) viewer_ = open_store(fake, store_path, options(setting_));
  return *viewer_;
}

void Machine::damage() {
  const std::string record = record_path(key());
  const std::string spare = spare_path(key());
  const auto spoil = [&](const std::string& path) {
    std::vector<std::byte> content = fake->content(path);
    // Of the payload, and in the sector of the header: half an earlier version must not mend it.
    content.at(format::header_size) ^= std::byte{1};
    fake->set_content(path, content);
  };
  if (setting_.spare == Setting::Spare::absent) fake->unlink(sys::working_directory, spare.c_str());
  if (setting_.spare == Setting::Spare::linked)
    fake->link(sys::working_directory, spare.c_str(), sys::working_directory, "/srv/backup");
  if (setting_.spare == Setting::Spare::damaged) spoil(spare);
  if (setting_.record == Setting::Record::damaged) spoil(record);
  if (setting_.record == Setting::Record::emptied) fake->set_content(record, {});
  if (setting_.record == Setting::Record::unsettled) {
    sys::FileTime time = fake->look(record).modified;
    time.nanoseconds = time.nanoseconds / 1'000'000 * 1'000'000;  // no generation ends in these digits here
    fake->set_modified(record, time);
  }
}

bool Machine::is_unsealed(const KnownSession& key) {
  const auto snapshot = viewer().snapshot(key);
  // One that leads on holds no values.
  return snapshot.outcome() == Outcome::ok && !snapshot->facts().sealed;
}

SessionSight Machine::look_at(const KnownSession& key) {
  const auto snapshot = viewer().snapshot(key);
  SessionSight sight{snapshot.outcome()};
  if (!snapshot) return sight;
  sight.n = snapshot->get<std::int64_t>("n");
  sight.text = snapshot->get<std::string>("text");
  sight.generation = snapshot->facts().generation;
  sight.deadline = snapshot->facts().deadline;
  return sight;
}

Sight Machine::look() {
  viewer();
  Sight sight;
  for (const KnownSession& known : keys) sight.sessions.push_back(look_at(known));
  sight.made = !made.empty() && viewer().snapshot(made.back()).has_value();
  sight.leads_on = stale && viewer().successor(*stale).has_value();
  sight.unlisted = !setting_.principal.empty() && !lists_all();
  if (setting_.sealed)
    for (const auto* known : {&keys, &made})
      for (const KnownSession& one : *known) sight.unsealed = sight.unsealed || is_unsealed(one);
  const std::string quarantine = std::string(store_path) + "/quarantine";
  for (const std::string& name : fake->names_below(quarantine))
    sight.quarantined.push_back(fake->text(quarantine + "/" + name));
  std::ranges::sort(sight.quarantined);
  return sight;
}

/// True if every live session with an ID of an authenticated one is in the list.
bool Machine::lists_all() {
  const auto sessions = viewer().sessions_of(setting_.principal);
  if (!sessions) return false;
  bool all = true;
  viewer().list([&](const SessionEntry& entry) {
    const bool is_hers = entry.facts.kind == SessionKind::authenticated;
    if (is_hers && std::ranges::find(*sessions, entry.key, &SessionEntry::key) == sessions->end()) all = false;
    return all;
  });
  return all;
}

std::vector<std::string> Machine::session_files() const {
  std::vector<std::string> names = fake->names_below(shards());
  std::erase_if(names, [](const std::string& name) { return name.ends_with('/'); });
  return names;
}

std::vector<std::string> Machine::strays() {
  std::vector<std::string> names = session_files();
  for (const auto* owners : {&keys, &made})
    for (const KnownSession& owner : *owners) {
      if (!viewer().snapshot(owner)) continue;
      std::erase(names, record_name(owner));
      std::erase(names, spare_name(owner));
    }
  for (const std::string& name : fake->names_below(store_path)) {
    constexpr std::array ours = {"gc", "keys", "store", "principals/", "quarantine/"};
    const bool is_ours = std::ranges::find(ours, std::string_view(name)) != ours.end() || name.starts_with("shards/") ||
                         name.starts_with("quarantine/") ||
                         (name.starts_with("principals/") && !name.ends_with(".temp"));
    if (!is_ours) names.push_back(name);
  }
  return names;
}

std::size_t Machine::temporary_files() const {
  if (!fake->exists(store_path)) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(
      fake->names_below(store_path), [](const std::string& name) { return name.ends_with(".temp"); }));
}

GcReport Machine::sweep() {
  for (unsigned shard = 0; shard < format::shard_count; ++shard)
    fake->make_directory(sys::working_directory, (shards() + "/" + format::shard_name(shard)).c_str());
  fake->advance(hours(1));
  return viewer().gc({.clock_hold = std::chrono::milliseconds(0)});
}

bool Machine::finds_secret() const {
  return std::ranges::any_of(session_files(), [&](const std::string& name) {
    return fake->text(shards() + "/" + name).find(secret) != std::string::npos;
  });
}

bool Machine::met_a_lock() const {
  return std::ranges::any_of(
      fake->log(), [](const LoggedCall& call) { return call.call == Call::try_lock && call.result == -EWOULDBLOCK; });
}

void Machine::hold_spare() {
  foreign_ = fake->open(sys::working_directory, spare_path(key()).c_str(), sys::OpenMode::read_write);
  if (foreign_ < 0 || fake->try_lock(foreign_) != 0) throw std::logic_error("cannot lock the spare");
}

void Machine::let_go() {
  changes.reset();
  session.reset();
  store.reset();
  viewer_.reset();
  if (foreign_ >= 0) fake->close(std::exchange(foreign_, -1));
}

void Machine::put(const std::string& name, const std::string& text) const {
  fake->set_text(std::string(store_path) + "/" + name, text);
}

std::string Machine::record_name(const SessionKey& key) { return record_file(key); }
std::string Machine::spare_name(const SessionKey& key) { return spare_file(key); }
std::string Machine::record_path(const SessionKey& key) { return shards() + "/" + record_file(key); }
std::string Machine::spare_path(const SessionKey& key) { return shards() + "/" + spare_file(key); }

}  // namespace sess::test
