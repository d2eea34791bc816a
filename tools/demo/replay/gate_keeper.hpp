// The replay's side of the gate (tools/demo/site/gate.hpp): knows which requests stand where, and lets them go.
//
//   keeper.await("17.info", "load");   // the request with this label has loaded its session
//   keeper.advance("17.info", "send"); // lets it go, through any stop before, until it stands at "send"
//   keeper.leave("17.info");           // lets it go for good
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace demo {

/// All members may be called by several threads at once. Waiting that takes too long throws std::runtime_error: then
/// something is wrong with the site or the server.
class GateKeeper {
 public:
  /// Listens on a UNIX socket at this path, in a thread of its own. Throws std::system_error.
  explicit GateKeeper(const std::string& socket_path);
  GateKeeper(const GateKeeper&) = delete;
  GateKeeper& operator=(const GateKeeper&) = delete;
  ~GateKeeper();

  /// A label that no request has had yet.
  std::string new_label();
  void await(const std::string& label, const std::string& point);
  void advance(const std::string& label, const std::string& point);
  void leave(const std::string& label);

 private:
  struct Stop {
    std::string point;
    int connection;
  };

  void listen_for_stops();
  Stop next_stop(std::unique_lock<std::mutex>& lock, const std::string& label);

  std::string path_;
  int listener_ = -1;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::string, Stop> standing_;  // by label
  std::set<std::string> leaving_;
  std::uint64_t labels_ = 0;
};

}  // namespace demo
