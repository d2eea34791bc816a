#include "store_subject.hpp"

#include "format/names.hpp"
#include "store/core.hpp"
#include "support/store_world.hpp"
#include "sys/posix_system.hpp"

#include <boost/filesystem/operations.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

namespace sess::test {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

std::vector<SessionKey> live_sessions(const Store& store) {
  std::vector<SessionKey> keys;
  store.list([&](const SessionEntry& entry) {
    require(entry.problem.empty(), "a record does not verify");
    keys.push_back(entry.key);
    return true;
  });
  return keys;
}

Outcome lock_now(const Store& store, const SessionRef& session) {
  const Outcome outcome = store.lock(session, {.timeout = std::chrono::milliseconds(0), .renew = false}).outcome();
  require(outcome != Outcome::busy, "the lock is not free");
  return outcome;
}

StoreSubject::StoreSubject(const std::string& below, std::string name, StoreOptions options)
    : name_(std::move(name)), options_(std::move(options)), directory_(below), start_(sys::PosixSystem().wall_clock()) {
  Store::init(path_);
}

Store StoreSubject::open(std::int64_t later, Chance chance) const {
  return open_store(std::make_shared<TimedSystem>(start_ + later, Pace::real, chance), path_, options_);
}

void StoreSubject::clear() const {
  for (const char* name : {format::shards_directory, format::quarantine_directory}) {
    const std::string directory = path_ + "/" + name + "/";
    for (const std::string& file : files_below(directory)) boost::filesystem::remove(directory + file);
  }
  for (const char* name : {format::principals_directory, format::new_principals_directory})
    boost::filesystem::remove_all(path_ + "/" + name);
  boost::filesystem::create_directory(path_ + "/" + format::principals_directory);
}

Finding StoreSubject::look(Look look) {
  Finding finding;
  try {
    const Store store = open(0);
    if (look == Look::sweeper) require(store.gc().errors == 0, "a sweep fails");
    if (look == Look::locker) static_cast<void>(lock_now(store, first_look()));
    finding.took_effect = judge(store);
    const Store later = open(60 * an_hour);
    require(later.gc().errors == 0, "a sweep fails");
    for (const char* name : {format::shards_directory, format::principals_directory})
      require(files_below(path_ + "/" + name).empty(), "something is left that does not expire");
  } catch (const std::exception& error) {
    finding.what_is_wrong = error.what();
  }
  return finding;
}

}  // namespace sess::test
