#include "sys/fastcgi_signals.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <sess/error.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

namespace sess::sys {

namespace {

constexpr int numbers[] = {SIGTERM, SIGUSR1};

// Of the process that the handlers work for. The descriptor is never closed: a handler may be using it in another
// thread. A forked child has its parent's, and with it would end its parent: so it makes one of its own.
std::atomic<int> owner{0};
std::atomic<int> event_descriptor{-1};
std::atomic<bool> signalled{false};
std::atomic<bool> obeyed{false};

std::mutex changing;
int users = 0;  // of the owner

void on_signal(int number) {
  const int error = errno;
  if (owner.load() == ::getpid()) {
    signalled = true;
    const std::uint64_t one = 1;
    // Fails only if it is readable since 2^64 - 2 signals (eventfd(2)).
    static_cast<void>(::write(event_descriptor.load(), &one, sizeof one) == sizeof one);
  } else {
    // A child that has been forked meanwhile. The signal is blocked until this returns.
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigemptyset(&action.sa_mask);
    static_cast<void>(::sigaction(number, &action, nullptr));
    static_cast<void>(::raise(number));
  }
  errno = error;
}

void replace_handlers(void (*before)(int), void (*after)(int)) noexcept {
  for (const int number : numbers) {
    struct sigaction present {};
    if (::sigaction(number, nullptr, &present) != 0 || present.sa_handler != before) continue;
    struct sigaction action {};
    action.sa_handler = after;
    action.sa_flags = SA_RESTART;  // what a request is at goes on
    ::sigemptyset(&action.sa_mask);
    static_cast<void>(::sigaction(number, &action, nullptr));
  }
}

void forget_signals() noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(event_descriptor.load(), &count, sizeof count) == sizeof count);
  signalled = false;
  obeyed = false;
}

void own_event() {
  const int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0) throw IoError("make event for", "SIGTERM and SIGUSR1", errno);
  event_descriptor = made;
  users = 0;
  signalled = false;
  obeyed = false;
  owner = ::getpid();  // from here on the handlers use it
}

}  // namespace

FastcgiSignals::FastcgiSignals() : owner_(::getpid()) {
  const std::lock_guard lock(changing);
  if (owner.load() != owner_) own_event();
  if (users++ == 0) replace_handlers(SIG_DFL, on_signal);
}

FastcgiSignals::~FastcgiSignals() {
  if (owner_ != ::getpid()) return;
  const std::lock_guard lock(changing);
  if (--users > 0) return;
  replace_handlers(on_signal, SIG_DFL);
  if (obeyed.load()) forget_signals();
}

int FastcgiSignals::event() const noexcept { return event_descriptor.load(); }

bool FastcgiSignals::came() const noexcept { return signalled.load(); }

void FastcgiSignals::obey() noexcept { obeyed = true; }

}  // namespace sess::sys
