#include "../../../tools/sessctl/fed_command.hpp"

#include "../../../tools/sessctl/command_environment.hpp"
#include "../../../tools/sessctl/failure.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>

#include <doctest/doctest.h>

namespace sessctl {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a command that does not end is killed with all that it has started, and what it has read is told of") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  const std::string life = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(writer.get());
  FedCommand command("exec 9>" + life + "; cat; sleep 1000 | sleep 1000", own_environment(), {.ending = 1s});
  command.feed("\n");
  writer = Descriptor();
  std::string said;
  try {
    command.finish();
  } catch (const Failure& failure) {
    said = failure.what();
  }
  CHECK(said.find("did not end") != std::string::npos);
  pollfd polled{reader.get(), POLLIN, 0};
  CHECK(::poll(&polled, 1, 60'000) == 1);
  CHECK((polled.revents & POLLHUP) != 0);
}

TEST_CASE("a budget that is used up leaves a command the time to start and to end") {
  Patience patience{.reading = 60s, .ending = 60s, .least_reading = 60s, .least_ending = 60s};
  patience.until = std::chrono::steady_clock::now() - 1s;
  FedCommand command("exec cat >/dev/null", own_environment(), patience);
  command.feed("one\n");
  command.feed("two\n");
  command.finish();
}

TEST_CASE("a budget ends the wait for a command that would be waited for longer") {
  Patience patience{.reading = 1h, .ending = 1h, .least_reading = 1ms, .least_ending = 1ms};
  patience.until = std::chrono::steady_clock::now();
  FedCommand reading("exec sleep 1000", own_environment(), patience);
  CHECK_THROWS_AS(reading.feed("one\n"), Failure);
  FedCommand ending("exec sleep 1000", own_environment(), patience);
  CHECK_THROWS_AS(ending.finish(), Failure);
}

}  // namespace
}  // namespace sessctl
