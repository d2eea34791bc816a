#include "forked_holder.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace sess::test {

namespace {

class Pipe {
 public:
  void open() {
    close();
    if (::pipe(ends_.data()) != 0) throw std::runtime_error("pipe");
  }
  void close() {
    close_end(0);
    close_end(1);
  }
  void close_writing() { close_end(1); }
  void write() const {
    if (::write(ends_[1], "p", 1) != 1) ::_exit(3);
  }
  /// Until somebody writes, or nobody is left who could.
  void wait() const {
    char letter = 0;
    if (::read(ends_[0], &letter, 1) < 0) throw std::runtime_error("read from a pipe");
  }

 private:
  void close_end(std::size_t end) {
    if (ends_[end] >= 0) ::close(std::exchange(ends_[end], -1));
  }
  std::array<int, 2> ends_ = {-1, -1};
};

}  // namespace

struct ForkedHolder::Pipes {
  Pipe is_past_fork;  // the child writes
  Pipe may_end;       // the child reads until this process closes it
};

namespace {

constexpr std::chrono::hours later{6};

}  // namespace

ForkedHolder::ForkedHolder(Scene& scene) : ForkedHolder(scene, std::make_shared<Pipes>()) {}

ForkedHolder::ForkedHolder(Scene& scene, std::shared_ptr<Pipes> pipes)
    : SessionSubject(scene, {.name = "commit by a holder that has forked",
                             .prepare =
                                 [](Scene& in) {
                                   const Expected made = make_versions(in, {version(1), version(2)});
                                   in.pass(later);
                                   return changed(made, in, version(3));
                                 },
                             .perform =
                                 [pipes](const Store& store, Scene& in) {
                                   Session session = store.lock(in.key(), {.renew = false}).value();
                                   if (::fork() == 0) {
                                     pipes->may_end.close_writing();
                                     pipes->is_past_fork.write();
                                     pipes->may_end.wait();
                                     ::_exit(0);
                                   }
                                   session.set("version", 3);
                                   if (!session.commit()) throw std::runtime_error("commit");
                                 }}),
      pipes_(std::move(pipes)) {}

ForkedHolder::~ForkedHolder() { ForkedHolder::clean_up(); }

void ForkedHolder::prepare() {
  SessionSubject::prepare();
  pipes_->is_past_fork.open();
  pipes_->may_end.open();
}

void ForkedHolder::settle() {
  pipes_->is_past_fork.close_writing();
  pipes_->is_past_fork.wait();
}

void ForkedHolder::clean_up() {
  pipes_->is_past_fork.close();
  pipes_->may_end.close();
}

}  // namespace sess::test
