#include "support/store_world.hpp"

#include "format/names.hpp"
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/processes.hpp"
#include "support/shared_clock_system.hpp"
#include "support/temporary_directory.hpp"
#include "sys/posix_system.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/filesystem.hpp>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace sess::test {

namespace {

constexpr const char* fake_path = "/srv/store";

/// A real directory under a wall clock of the test's own.
class RealWorld final : public StoreWorld {
 public:
  RealWorld(const std::string& below, CommitMethod method, bool sealed = false)
      : directory_(below), method_(method), sealed_(sealed) {
    // Beside the times of change, which the kernel sets.
    clock_.set(sys::PosixSystem().wall_clock());
  }

  Store open(StoreOptions options) override {
    options.create = true;
    if (method_ == CommitMethod::rename_only) options.commit_method = method_;
    if (sealed_) options.sealed = true;
    return open_store(std::make_shared<SharedClockSystem>(clock_, Breakage::none), directory_ / "store", options);
  }
  void advance(std::chrono::milliseconds duration) override { clock_.add(duration.count()); }
  std::vector<std::string> session_files() override { return files_below(directory_ / "store/shards"); }
  std::vector<std::string> quarantined_files() override { return files_below(directory_ / "store/quarantine"); }
  std::vector<std::byte> content(const std::string& file) override {
    std::ifstream in(path_of(file), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }
  void overwrite(const std::string& file, std::span<const std::byte> content) override {
    struct ::stat before {};
    if (::stat(path_of(file).c_str(), &before) != 0) throw std::runtime_error("cannot stat " + file);
    const int descriptor = ::open(path_of(file).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (descriptor < 0) throw std::runtime_error("cannot open " + file);
    const bool written = ::write(descriptor, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    const timespec times[2] = {before.st_mtim, before.st_mtim};
    const bool kept = ::futimens(descriptor, times) == 0;
    ::close(descriptor);
    if (!written || !kept) throw std::runtime_error("cannot overwrite " + file);
  }

 private:
  std::string path_of(const std::string& file) const { return directory_ / ("store/shards/" + file); }

  TemporaryDirectory directory_;
  SharedCounter clock_;
  CommitMethod method_;
  bool sealed_;
};

class FakeWorld final : public StoreWorld {
 public:
  explicit FakeWorld(FakeOptions options) : system_(std::make_shared<FakeSystem>(options)) {}

  Store open(StoreOptions options) override {
    options.create = true;
    return open_store(system_, fake_path, options);
  }
  void advance(std::chrono::milliseconds duration) override { system_->advance(duration); }
  std::vector<std::string> session_files() override { return files("/shards"); }
  std::vector<std::string> quarantined_files() override { return files("/quarantine"); }
  std::vector<std::byte> content(const std::string& file) override { return system_->content(path_of(file)); }
  void overwrite(const std::string& file, std::span<const std::byte> content) override {
    system_->set_content(path_of(file), content);
  }

 private:
  static std::string path_of(const std::string& file) { return std::string(fake_path) + "/shards/" + file; }
  std::vector<std::string> files(const std::string& below) {
    std::vector<std::string> names = system_->names_below(fake_path + below);
    std::erase_if(names, [](const std::string& name) { return name.ends_with('/'); });
    return names;
  }

  std::shared_ptr<FakeSystem> system_;
};

}  // namespace

void in_each_world(const std::function<void(StoreWorld&)>& test) {
  for (const std::string& below : file_systems()) {
    SUBCASE(("real, " + below).c_str()) {
      RealWorld world(below, CommitMethod::automatic);
      test(world);
    }
  }
  SUBCASE("real, rename only") {
    RealWorld world("/tmp", CommitMethod::rename_only);
    test(world);
  }
  SUBCASE("real, sealed") {
    RealWorld world("/tmp", CommitMethod::automatic, true);
    test(world);
  }
  SUBCASE("fake") {
    FakeWorld world({});
    test(world);
  }
  SUBCASE("fake, neither exchange nor no-replace") {
    FakeWorld world({.exchange_supported = false, .no_replace_supported = false});
    test(world);
  }
}

SessionId make_session(const Store& store, const Values& values, const CreateOptions& options) {
  Session session = store.create(options);
  for (const auto& [name, value] : values) session.set(name, value);
  REQUIRE(session.commit());
  return session.id().value();
}

std::string record_file(const SessionKey& key) { return format::record_name(key).c_str(); }

std::string spare_file(const SessionKey& key) { return format::spare_name(key).c_str(); }

}  // namespace sess::test
