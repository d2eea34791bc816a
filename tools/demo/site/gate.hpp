// Demo only: lets the replay program decide in which order requests take their steps.
//
// A request stops at three points: "load" (its session has been loaded), "save" (before it is saved or committed),
// "send" (before the response goes out). At each it connects to the UNIX socket that DEMO_GATE names, writes
// "LABEL.POINT\n" and waits until a byte or the end comes back. It stops only if DEMO_GATE is set and the request has a
// header X-Gate: LABEL; a site that people use sets no DEMO_GATE.
#pragma once

#include <sess/web/http_request.hpp>

#include <string>
#include <string_view>

namespace demo {

class Gate {
 public:
  /// `socket` is the path of the socket; empty: never stops anybody.
  explicit Gate(std::string socket) : socket_(std::move(socket)) {}

  /// True if a replay may be at work: what is for replays alone asks this first.
  bool enabled() const noexcept { return !socket_.empty(); }
  /// Waits if this request is to stop here; two minutes at most, so that a replay that has died leaves no process
  /// behind: longer than any test is patient, which says so when an order that it wants does not come.
  void stop(const sess::web::HttpRequest& request, std::string_view point) const;

 private:
  std::string socket_;
};

}  // namespace demo
