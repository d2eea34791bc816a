// The reduction of the explorer loses no outcome: small random programs, run through every order with it and without.
#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/explorer.hpp"
#include "support/fake_system.hpp"
#include "support/temporary_directory.hpp"

using namespace sess;
using test::FakeSystem;
using test::World;

namespace {

constexpr int top = sys::working_directory;

enum class Kind : std::uint8_t {
  create,
  open,
  rename,
  unlink,
  look,
  write,
  read,
  close,
  unlock,
  status,
  list,
  try_lock,
  lock
};
constexpr std::size_t kinds = 13;

/// Which calls and names the actors of one program use. A few only: then they meet more often.
struct Repertoire {
  explicit Repertoire(std::uint64_t seed) {
    std::uint64_t state = test::mixed(seed, 99);
    for (int i = 0; i < 3; ++i) calls.push_back(static_cast<Kind>(test::next_random(state) % kinds));
    for (int i = 0; i < 2; ++i) names.push_back(std::array{"a", "b", "d/a"}[test::next_random(state) % 3]);
  }
  std::vector<Kind> calls;
  std::vector<const char*> names;
};

/// One actor: opens a file, makes a few random calls, and adds to `seen` what a program could tell of their answers.
class Actor {
 public:
  Actor(sys::System& system, const Repertoire& repertoire, std::uint64_t seed, std::string& seen)
      : system_(system), repertoire_(repertoire), state_(seed), seen_(seen) {}

  void run(int calls) {
    act(Kind::open);
    for (int i = 0; i < calls; ++i) act(repertoire_.calls[draw(repertoire_.calls.size())]);
    if (descriptor_ >= 0) system_.close(descriptor_);
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return test::next_random(state_) % below; }
  const char* name() { return repertoire_.names[draw(repertoire_.names.size())]; }

  void act(Kind kind) {
    std::int64_t answer = 0;
    sys::FileStatus status;
    switch (kind) {
      case Kind::create:
      case Kind::open:
        if (descriptor_ >= 0) system_.close(descriptor_);
        descriptor_ = system_.open(top, name(),
                                   kind == Kind::create ? sys::OpenMode::create_exclusive : sys::OpenMode::read_write);
        answer = std::min(descriptor_, 0);  // the number itself may depend on the order
        break;
      case Kind::rename: {
        const char* from = name();
        answer = system_.rename(top, from, top, name(), static_cast<sys::RenameMode>(draw(3)));
        break;
      }
      case Kind::unlink:
        answer = system_.unlink(top, name());
        break;
      case Kind::look:
        answer = system_.status_at(top, name(), status);
        seen_ += std::to_string(status.identity.inode) + "/" + std::to_string(status.links) + " ";
        break;
      case Kind::write: {
        const char byte = static_cast<char>('0' + draw(10));
        answer = system_.write(descriptor_, std::as_bytes(std::span(&byte, 1)), draw(2));
        break;
      }
      case Kind::read: {
        std::string bytes = "--";
        answer = system_.read(descriptor_, std::as_writable_bytes(std::span(bytes)), 0);
        seen_ += bytes;
        break;
      }
      case Kind::close:
        answer = system_.close(descriptor_);
        descriptor_ = -1;
        break;
      case Kind::unlock:
        answer = system_.unlock(descriptor_);
        break;
      case Kind::status:
        answer = system_.status(descriptor_, status);
        seen_ += std::to_string(status.links) + "+" + std::to_string(status.size) + " ";
        break;
      case Kind::list: {
        const int directory = system_.open(top, "d", sys::OpenMode::directory);
        answer = system_.list(directory, [&](const sys::DirectoryEntry& entry) {
          seen_ += entry.name;
          return true;
        });
        system_.close(directory);
        break;
      }
      case Kind::try_lock:
        answer = system_.try_lock(descriptor_);
        break;
      case Kind::lock: {
        int tries = 0;
        while ((answer = system_.try_lock(descriptor_)) == -EWOULDBLOCK && ++tries < 3) {
          system_.pause(std::chrono::milliseconds(1));
        }
        seen_ += std::to_string(tries);
      }
    }
    seen_ += std::to_string(answer) + ";";
  }

  sys::System& system_;
  const Repertoire& repertoire_;
  std::uint64_t state_;
  std::string& seen_;
  int descriptor_ = -1;
};

std::set<std::string> outcomes(std::uint64_t seed, bool reduce, std::uint64_t* orders) {
  std::set<std::string> found;
  const auto scenario = [&](World& world) {
    auto fake = std::make_shared<FakeSystem>();
    fake->set_text("a", "A");
    fake->make_directory(top, "d");
    auto& system = world.use(fake);
    const std::size_t actors = 2 + seed % 2;
    auto seen = std::make_shared<std::vector<std::string>>(actors);
    for (std::size_t i = 0; i < actors; ++i) {
      world.actor(std::to_string(i), [&system, seen, seed, i, actors] {
        const Repertoire repertoire(seed);
        Actor(system, repertoire, test::mixed(seed, i), (*seen)[i]).run(actors == 2 ? 3 : 1);
      });
    }
    world.check([&found, fake, seen] {
      std::string outcome;
      for (const std::string& one : *seen) outcome += one + " | ";
      for (const std::string& name : fake->names_below()) {
        outcome += name;
        if (name.back() == '/') continue;
        outcome += "=" + fake->text(name) + "@" + std::to_string(fake->look(name).identity.inode) + " ";
      }
      found.insert(outcome);
    });
  };
  const test::Report report = test::explore(scenario, {.most_orders = 500, .reduce = reduce});
  REQUIRE_MESSAGE(report.ok(), report.to_string());
  // Too many orders to compare: the two sets would be cut off in different places.
  if (!report.exhaustive) found.clear();
  *orders += report.orders + report.abandoned;
  return found;
}

}  // namespace

TEST_CASE("the reduction finds every outcome that the full search finds") {
  const std::uint64_t programs = test::long_run() ? 2000 : 150;
  std::uint64_t full_orders = 0;
  std::uint64_t reduced_orders = 0;
  std::size_t compared = 0;
  std::size_t several = 0;
  for (std::uint64_t seed = 1; seed <= programs; ++seed) {
    CAPTURE(seed);
    const std::set<std::string> full = outcomes(seed, false, &full_orders);
    if (full.empty()) continue;
    REQUIRE(outcomes(seed, true, &reduced_orders) == full);
    ++compared;
    several += full.size() > 1 ? 1 : 0;
  }
  MESSAGE(compared, " programs, ", full_orders, " orders in full, ", reduced_orders, " runs with the reduction");
  CHECK(compared * 3 > programs * 2);
  CHECK(several * 6 > compared);
  CHECK(reduced_orders < full_orders);
}
