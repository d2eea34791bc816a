// Telling a program's listener of events (include/sess/event.hpp). Where nobody listens nothing is computed.
#pragma once

#include "format/header.hpp"
#include "sys/system.hpp"

#include <sess/event.hpp>
#include <sess/result.hpp>

#include <functional>
#include <optional>

namespace sess::backend {

/// Thread-safe as far as the listener is.
class Events {
 public:
  using Listener = std::function<void(const Event&)>;

  /// The system must outlive it; there is a listener.
  Events(sys::System& system, Listener listener);
  /// Sets the time and delivers it. What the listener throws comes out here.
  void deliver(Event event) const;

 private:
  sys::System& system_;
  Listener listener_;
};

/// Tells what `make` answers, an Event; without a listener (null) `make` does not run. What has happened has happened:
/// a listener that throws, or memory that runs out on the way to it, must not change its outcome.
template <class Make>
void tell(const Events* events, const Make& make) noexcept {
  if (events == nullptr) return;
  try {
    events->deliver(make());
  } catch (...) {
    // The event is lost, and nothing else.
  }
}

/// An event about the session of a record.
Event event_about(Event::Kind kind, const format::Header& session, Outcome outcome = Outcome::ok);

}  // namespace sess::backend
