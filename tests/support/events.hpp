// What a store has told its listener.
#pragma once

#include <sess/event.hpp>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sess::test {

/// Outlives the stores that tell it.
class ToldEvents {
 public:
  std::function<void(const Event&)> listener() {
    return [this](const Event& event) {
      const std::lock_guard guard(mutex_);
      events_.push_back(event);
    };
  }
  /// What has been told since the last look.
  std::vector<Event> take() {
    const std::lock_guard guard(mutex_);
    return std::exchange(events_, {});
  }
  /// The same, of which there must be one.
  Event only() {
    auto events = take();
    if (events.size() != 1) throw std::runtime_error("not one event but " + std::to_string(events.size()));
    return std::move(events.front());
  }

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
};

inline std::vector<Event::Kind> kinds_of(const std::vector<Event>& events) {
  std::vector<Event::Kind> kinds;
  for (const Event& event : events) kinds.push_back(event.kind);
  return kinds;
}

/// Everything that an event holds.
inline std::string text_of(const Event& event) {
  std::string text(to_string(event.kind));
  for (const auto& key : {event.key, event.replaced, event.principal}) text += key ? " " + key->to_string() : " -";
  return text + " " + event.sent + " " + event.detail;
}

}  // namespace sess::test
