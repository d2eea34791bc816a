#include "bench/worker.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace sess::bench {
namespace {

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

Operation operation_called(const std::string& name) {
  const auto* const found = std::ranges::find(operation_names, name);
  if (found == std::end(operation_names)) throw std::runtime_error("no operation " + name);
  return static_cast<Operation>(found - std::begin(operation_names));
}

/// The operation of the mix whose turn it is: spread evenly, and the same for every system. 37 and 100 have no common
/// divisor, so that each number below 100 comes once in a hundred.
Operation of_mix(int turn) {
  const int number = turn * 37 % 100;
  if (number < 80) return Operation::read;
  return number < 95 ? Operation::unchanged : Operation::update;
}

Timing timed(Peer& peer, const Task& task) {
  Timing timing;
  timing.each.reserve(static_cast<std::size_t>(task.times));
  timing.begin = now();
  auto before = timing.begin;
  for (int i = 0; i < task.times; ++i) {
    const auto operation = task.operation == Operation::mix ? of_mix(i) : task.operation;
    peer.run(operation, task.first + i % task.count);
    const auto after = now();
    timing.each.push_back(after - before);
    before = after;
  }
  timing.end = before;
  return timing;
}

std::string answer(Peer& peer, const std::string& line) {
  std::istringstream words(line);
  std::string verb, operation;
  words >> verb;
  if (verb != "sum") words >> operation;
  Task task;
  words >> task.first >> task.count;
  if (verb == "sum") return std::to_string(peer.sum(task.first, task.count));
  task.operation = operation_called(operation);
  if (verb == "prepare") {
    peer.prepare(task.operation, task.first, task.count);
    return "ready";
  }
  words >> task.times;
  if (verb != "run" || !words) throw std::runtime_error("no such command: " + line);
  const Timing timing = timed(peer, task);
  return fmt::format("{} {} {}", timing.begin, timing.end, fmt::join(timing.each, " "));
}

void write_line(int file, std::string line) {
  line += '\n';
  for (std::size_t written = 0; written < line.size();) {
    const auto size = ::write(file, line.data() + written, line.size() - written);
    if (size < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "write to worker");
    written += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
  }
}

/// The next line of what has come and what comes; false at the end.
bool read_line(int file, std::string& received, std::string& line) {
  for (;;) {
    if (const auto end = received.find('\n'); end != std::string::npos) {
      line = received.substr(0, end);
      received.erase(0, end + 1);
      return true;
    }
    std::array<char, 65536> buffer;
    const auto size = ::read(file, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    received.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

/// The life of a forked worker.
void serve(const System& system, const Place& place, int input, int output) {
  std::unique_ptr<Peer> peer;
  std::string received, line;
  while (read_line(input, received, line) && line != "end") {
    std::string reply;
    try {
      if (peer == nullptr) peer = system.open(place);
      reply = answer(*peer, line);
    } catch (const std::exception& error) {
      reply = std::string("error ") + error.what();
    }
    write_line(output, std::move(reply));
  }
}

struct Pipes {
  std::array<int, 2> to{}, from{};
  Pipes() {
    if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe");
  }
};

}  // namespace

Worker::Worker(const System& system, const Place& place) {
  const Pipes pipes;
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    ::close(pipes.to[1]);
    ::close(pipes.from[0]);
    int status = 0;
    try {
      serve(system, place, pipes.to[0], pipes.from[1]);
    } catch (const std::exception&) {
      status = 1;
    }
    ::_exit(status);
  }
  ::close(pipes.to[0]);
  ::close(pipes.from[1]);
  to_ = pipes.to[1];
  from_ = pipes.from[0];
}

Worker::Worker(const std::vector<std::string>& command) {
  const Pipes pipes;
  std::vector<char*> arguments;
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    ::dup2(pipes.to[0], STDIN_FILENO);
    ::dup2(pipes.from[1], STDOUT_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(pipes.to[0]);
  ::close(pipes.from[1]);
  to_ = pipes.to[1];
  from_ = pipes.from[0];
}

Worker::~Worker() {
  // Said, because a worker that was forked later holds the other end of its input, too.
  try {
    send("end");
  } catch (const std::exception&) {  // it has died
  }
  ::close(to_);
  ::close(from_);
  ::waitpid(pid_, nullptr, 0);
}

void Worker::prepare(const Task& task) {
  send(fmt::format("prepare {} {} {}", operation_names[static_cast<std::size_t>(task.operation)], task.first,
                   task.count));
  if (const std::string reply = receive(); reply != "ready") throw std::runtime_error("worker: " + reply);
}

void Worker::start(const Task& task) {
  send(fmt::format("run {} {} {} {}", operation_names[static_cast<std::size_t>(task.operation)], task.first, task.count,
                   task.times));
}

Timing Worker::finish() {
  std::istringstream words(receive());
  Timing timing;
  if (!(words >> timing.begin >> timing.end)) throw std::runtime_error("worker: no times");
  timing.each.assign(std::istream_iterator<std::int64_t>(words), {});
  return timing;
}

long long Worker::sum(int first, int count) {
  send(fmt::format("sum {} {}", first, count));
  return std::stoll(receive());
}

void Worker::send(const std::string& line) const { write_line(to_, line); }

std::string Worker::receive() {
  std::string line;
  if (!read_line(from_, received_, line)) throw std::runtime_error("worker: it has died");
  if (line.starts_with("error ")) throw std::runtime_error("worker: " + line.substr(6));
  return line;
}

}  // namespace sess::bench
