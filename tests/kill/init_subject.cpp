#include "init_subject.hpp"

#include "backend/file_setup.hpp"
#include "store/core.hpp"
#include "sys/posix_system.hpp"

#include <boost/filesystem.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace sess::test {

namespace {

namespace filesystem = boost::filesystem;

/// What is not right with a store in which nothing has happened yet.
std::string faults_of_new_store(const std::string& path) {
  std::string files;
  std::size_t directories = 0;
  for (const auto& entry : filesystem::recursive_directory_iterator(path)) {
    if (!filesystem::is_directory(entry.symlink_status())) continue;
    ++directories;
    if (entry.status().permissions() != filesystem::owner_all) return entry.path().native() + " is not private";
  }
  for (const std::string& file : files_below(path)) files += file + " ";
  if (files != "gc keys store ") return "the new store has other files: " + files;
  if (directories != 3 + 256) return "the new store has " + std::to_string(directories) + " directories";
  return {};
}

/// What is not right with what it does.
std::string faults_of_work(const Store& store) {
  Session session = store.create();
  session.set("version", 1);
  if (!session.commit()) return "a first commit fails";
  const SessionKey key = session.key();
  session.release();
  if (!store.update(key, [](Editor& editor) { editor.set("version", 2); })) return "an update fails";
  const Result<Snapshot> snapshot = store.snapshot(key);
  if (!snapshot || snapshot->get<int>("version") != 2) return "a snapshot fails";
  const GcReport report = store.gc();
  if (!report.complete || report.examined != 1 || report.errors != 0) return "a sweep fails";
  return store.destroy(key).ok() ? "" : "a destroy fails";
}

}  // namespace

InitSubject::InitSubject(const std::string& below, From from, Breaking breaking)
    : from_(from),
      name_(from == From::nothing ? "init" : "init, the directories are there"),
      directory_(below),
      breaking_(std::move(breaking)) {}

void InitSubject::prepare() {
  if (from_ == From::nothing) {
    filesystem::remove_all(directory_ / "parent");
    return;
  }
  Store::init(path_);
  for (const std::string& file : files_below(path_)) filesystem::remove(path_ + "/" + file);
}

std::shared_ptr<sys::System> InitSubject::system() const {
  const auto system = std::make_shared<sys::PosixSystem>();
  return breaking_ ? breaking_(system) : system;
}

std::function<void()> InitSubject::ready() {
  return [this, own = system()] { backend::init_directory(*own, path_); };
}

Finding InitSubject::look(Look) {
  Finding finding;
  try {
    static_cast<void>(open_store(system(), path_, {}));
    finding.took_effect = true;
  } catch (const StoreError& error) {
    if (error.reason() != StoreError::Reason::absent && error.reason() != StoreError::Reason::not_a_store)
      return {false, std::string("neither no store nor a whole one: ") + error.what()};
  }
  const Store store = open_store(system(), path_, {.create = true});
  finding.what_is_wrong = faults_of_new_store(path_);
  if (finding.what_is_wrong.empty()) finding.what_is_wrong = faults_of_work(store);
  return finding;
}

}  // namespace sess::test
