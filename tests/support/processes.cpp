#include "support/processes.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace sess::test {

Gate::Gate() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  read_end_ = ends[0];
  write_end_ = ends[1];
}

Gate::~Gate() {
  ::close(read_end_);
  ::close(write_end_);
}

void Gate::signal(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if (::write(write_end_, "g", 1) != 1) throw std::runtime_error("signal gate");
}

bool Gate::wait() {
  char letter = 0;
  return ::read(read_end_, &letter, 1) == 1;
}

SharedCounter::SharedCounter() {
  void* memory = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap");
  value_ = static_cast<std::int64_t*>(memory);
}

SharedCounter::~SharedCounter() { ::munmap(value_, sizeof *value_); }

std::int64_t SharedCounter::add(std::int64_t amount) { return std::atomic_ref(*value_).fetch_add(amount) + amount; }

std::int64_t SharedCounter::value() const { return std::atomic_ref(*value_).load(); }

void SharedCounter::set(std::int64_t value) { std::atomic_ref(*value_).store(value); }

Child::Child(const std::function<void()>& work) {
  std::cout.flush();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ != 0) return;
  int status = 0;
  try {
    work();
  } catch (const std::exception& error) {
    std::cerr << "child " << ::getpid() << ": " << error.what() << '\n';
    status = 1;
  }
  ::_exit(status);
}

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

Child::~Child() {
  if (pid_ > 0) {
    kill();
    wait();
  }
}

void Child::kill() { ::kill(pid_, SIGKILL); }

int Child::wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, 0), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int run_processes(int count, const std::function<void(int)>& work) {
  Gate start;
  std::vector<Child> children;
  children.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    children.emplace_back([&, i] {
      start.wait();
      work(i);
    });
  start.signal(static_cast<std::size_t>(count));
  int failed = 0;
  for (Child& child : children) failed += child.wait() == 0 ? 0 : 1;
  return failed;
}

}  // namespace sess::test
