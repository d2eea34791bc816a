// The record format of a store: programs write the one that it names, until somebody raises it.
#include "backend/file_setup.hpp"
#include "backend/file_store.hpp"
#include "hooked_system.hpp"
#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"

#include <sess/sess.hpp>

#include <doctest/doctest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sess::test {
namespace {

constexpr const char* path = "/srv/store";
const std::string store_file = std::string(path) + "/store";

struct Fixture {
  std::shared_ptr<FakeSystem> system = std::make_shared<FakeSystem>();
  Store store = open_store(system, path, {.create = true});
  const std::string made = system->text(store_file);

  /// What the store's file says with another format and nothing else changed.
  std::string with_format(int number) const {
    std::string text = made;
    const std::string line = "\nformat ";
    return text.replace(text.find(line) + line.size(), 1, std::to_string(number));
  }
};

TEST_CASE_FIXTURE(Fixture, "a store is made in the newest format, and an upgrade changes nothing then") {
  CHECK(store.facts().format == store.facts().newest_format);
  system->clear_log();
  const FormatUpgrade upgrade = backend::upgrade_directory(*system, path);
  CHECK(upgrade.from == format::newest_format);
  CHECK(upgrade.to == format::newest_format);
  CHECK(system->calls(Call::rename) == 0);
  CHECK(system->text(store_file) == made);
  CHECK(system->leaks().descriptors.size() == 3);  // of the open store: top and shards, and the keyring's own
}

TEST_CASE_FIXTURE(Fixture, "an upgrade raises the format and keeps what else the file says") {
  system->set_text(store_file, made + "label the shop\n");
  const FormatUpgrade upgrade = backend::upgrade_directory(*system, path, 2);
  CHECK(upgrade.from == 1);
  CHECK(upgrade.to == 2);
  CHECK(system->text(store_file) == with_format(2) + "label the shop\n");
  CHECK_FALSE(system->exists(std::string(path) + "/store.new"));
  // On disk when it answers.
  system->power_cut_states({}, [&](const DiskImage& image) {
    CHECK(FakeSystem(image).text(store_file) == with_format(2) + "label the shop\n");
  });
}

TEST_CASE_FIXTURE(Fixture, "a raised store is refused by a program that does not know its format, and left alone") {
  const SessionId id = make_session(store, {{"n", 1}});
  backend::upgrade_directory(*system, path, 2);
  const auto refused = [&](const auto& open) {
    try {
      open();
      FAIL("it is opened");
    } catch (const StoreError& error) {
      CHECK(error.reason() == StoreError::Reason::newer_format);
      CHECK(std::string(error.what()).find("format 2") != std::string::npos);
    }
  };
  refused([&] { open_store(system, path, {}); });
  refused([&] { open_store(system, path, {.create = true}); });
  refused([&] { backend::upgrade_directory(*system, path); });
  CHECK(system->text(store_file) == with_format(2));
  // Who has it open goes on, and writes what every newer program reads.
  REQUIRE(store.update(id, [](Editor& editor) { editor.add("n", 1); }));
  CHECK(store.snapshot(id)->get<int>("n") == 2);
}

TEST_CASE_FIXTURE(Fixture, "an upgrade that fails leaves the old format or the new one") {
  int old = 0;
  for (const Repeat repeat : {Repeat::once, Repeat::for_good}) {
    for (std::uint64_t nth = 1;; ++nth) {
      system->set_text(store_file, made);
      system->fail_any(nth, EIO, repeat);
      bool answered = false;
      try {
        answered = backend::upgrade_directory(*system, path, 2).from == 1;
      } catch (const IoError&) {
      }
      system->clear_faults();
      const std::string text = system->text(store_file);
      CHECK((text == with_format(2) || (!answered && text == made)));
      old += text == made ? 1 : 0;
      CHECK(system->leaks().descriptors.size() == 3);
      CHECK(system->leaks().locks.empty());
      if (answered && nth > 20) break;
    }
    CHECK(backend::upgrade_directory(*system, path, 2).to == 2);
  }
  CHECK(old > 10);
}

TEST_CASE_FIXTURE(Fixture, "a store that is raised while it is opened on another file system was opened, or lowered") {
  std::string moved = made;
  moved.replace(moved.find("file_system "), std::string::npos, "file_system 1:1\n");
  system->set_text(store_file, moved);
  // Between the first look at the file and the one under the lock.
  const auto hooked = std::make_shared<HookedSystem>(system);
  int looks = 0;
  hooked->before_file_system = [&] {
    if (++looks == 1) backend::upgrade_directory(*system, path, 2);
  };
  CHECK_THROWS_AS(open_store(hooked, path, {}), StoreError);
  CHECK(looks == 1);
  CHECK(system->text(store_file).find("\nformat 2\n") != std::string::npos);
}

/// Format version of a record: the two bytes at offset 8 (src/FORMAT.md).
unsigned version_of(const std::vector<std::byte>& record) {
  REQUIRE(record.size() > 10);
  return std::to_integer<unsigned>(record[8]) | std::to_integer<unsigned>(record[9]) << 8U;
}

TEST_CASE_FIXTURE(Fixture, "create, commit and recovery write the format that they are told") {
  const SessionKey key = make_session(store, {{"n", 1}}).key();
  const auto file = [&](const std::string& name) {
    return system->content(std::string(path) + "/shards/" + name.substr(0, 2) + "/" + name);
  };
  CHECK(version_of(file(key.to_string())) == 1);

  const backend::FileStore newer(fs::Directory::open(*system, path), {.format = 0x0207});
  const auto record = [&] {
    auto locked = newer.lock(key, std::chrono::seconds(0));
    REQUIRE(locked.record);
    return std::move(locked.record);
  };
  {
    const auto locked = record();
    const backend::NewVersion next{locked->version().header, locked->version().payload};
    REQUIRE(locked->commit(next) == Outcome::ok);
    CHECK(version_of(file(key.to_string())) == 0x0207);
    CHECK(version_of(file(key.to_string() + "~")) == 1);
  }
  system->set_content(std::string(path) + "/shards/" + key.to_string().substr(0, 2) + "/" + key.to_string(), {});
  static_cast<void>(record());
  CHECK(version_of(file(key.to_string())) == 0x0207);

  format::Header header;
  header.key = SessionKey::parse(std::string(40, 'a')).value();
  header.idle_timeout = header.deadline = header.absolute_deadline = 1'800'000'000'000;
  Outcome outcome = Outcome::absent;
  REQUIRE(newer.create({header, {}}, outcome));
  CHECK(version_of(file(std::string(40, 'a'))) == 0x0207);
}

}  // namespace
}  // namespace sess::test
