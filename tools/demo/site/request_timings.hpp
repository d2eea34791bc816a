// How long the last requests of each session took in this process, for the page that shows a visitor's own session.
//
//   timings.started();                 // before the session is read (RunOptions::access)
//   timings.loaded();                  // the handler begins
//   timings.worked({key, ...});        // the handler ends
//   timings.answered(request, 200);    // the session is committed (RunOptions::on_response)
//
// The four are called in the thread of the request, the two in the middle again if the handler is run again.
#pragma once

#include <sess/session_id.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace demo {

struct RequestTiming {
  std::uint64_t number = 0;  // of the request, in this process
  std::chrono::system_clock::time_point at;
  std::string what;  // method and path, as they came
  int status = 0;
  int runs = 0;                        // of the handler: more than one after a conflict
  std::chrono::nanoseconds read{0};    // the session was read; of the last run
  std::chrono::nanoseconds page{0};    // the page did its work; of the last run
  std::chrono::nanoseconds commit{0};  // the session was committed
};

/// Thread-safe.
class RequestTimings {
 public:
  static constexpr std::size_t limit = 512;  // requests that are remembered

  void started() noexcept;
  void loaded() noexcept;
  /// `sessions`: those that the request's cookies name; nobody else is shown the request.
  void worked(std::vector<sess::SessionKey> sessions);
  void answered(const std::string& what, int status);

  /// Of the requests that came with a cookie of this session; the latest last.
  std::vector<RequestTiming> of(const sess::SessionKey& session) const;

 private:
  struct Kept {
    std::vector<sess::SessionKey> sessions;
    RequestTiming timing;
  };

  mutable std::mutex mutex_;
  std::deque<Kept> kept_;
  std::uint64_t count_ = 0;
};

}  // namespace demo
