#include "demo/replay/gate_keeper.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace demo {

namespace {

constexpr std::chrono::seconds patience(20);

void release(int connection) {
  static_cast<void>(::send(connection, "\n", 1, MSG_NOSIGNAL));
  ::close(connection);
}

/// "LABEL.POINT" of one connection; empty if the other side has gone.
std::string read_line(int connection) {
  std::string line;
  char byte = 0;
  while (line.size() < 200 && ::recv(connection, &byte, 1, 0) == 1 && byte != '\n') line += byte;
  return byte == '\n' ? line : "";
}

}  // namespace

GateKeeper::GateKeeper(const std::string& socket_path) : path_(socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof(address.sun_path)) throw std::runtime_error("the path of the gate's socket is too long");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  ::unlink(path_.c_str());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener_ < 0 || ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 256) != 0)
    throw std::system_error(errno, std::generic_category(), "listen at '" + path_ + "'");
  // The site may run as another user than the replay: who may come here is the directory's to say.
  static_cast<void>(::chmod(path_.c_str(), 0666));
  thread_ = std::thread([this] { listen_for_stops(); });
}

GateKeeper::~GateKeeper() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  ::unlink(path_.c_str());
  for (const auto& [label, stop] : standing_) release(stop.connection);
}

void GateKeeper::listen_for_stops() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    const std::string line = read_line(connection);
    const auto dot = line.rfind('.');
    if (dot == std::string::npos) {
      ::close(connection);
      continue;
    }
    const std::string label = line.substr(0, dot);
    const std::lock_guard lock(mutex_);
    if (leaving_.contains(label)) {
      release(connection);
    } else {
      standing_[label] = {line.substr(dot + 1), connection};
      arrived_.notify_all();
    }
  }
}

GateKeeper::Stop GateKeeper::next_stop(std::unique_lock<std::mutex>& lock, const std::string& label) {
  if (!arrived_.wait_for(lock, patience, [&] { return standing_.contains(label); }))
    throw std::runtime_error(fmt::format("request {} has not come to the gate", label));
  return standing_[label];
}

std::string GateKeeper::new_label() {
  const std::lock_guard lock(mutex_);
  return fmt::format("request-{}", ++labels_);
}

void GateKeeper::await(const std::string& label, const std::string& point) {
  std::unique_lock lock(mutex_);
  const Stop stop = next_stop(lock, label);
  if (stop.point != point) throw std::runtime_error(fmt::format("request {} stands at {}", label, stop.point));
}

void GateKeeper::advance(const std::string& label, const std::string& point) {
  std::unique_lock lock(mutex_);
  // A handler that is run again comes by the earlier points again.
  for (Stop stop = next_stop(lock, label); stop.point != point; stop = next_stop(lock, label)) {
    standing_.erase(label);
    release(stop.connection);
  }
}

void GateKeeper::leave(const std::string& label) {
  const std::lock_guard lock(mutex_);
  leaving_.insert(label);
  const auto found = standing_.find(label);
  if (found == standing_.end()) return;
  release(found->second.connection);
  standing_.erase(found);
}

}  // namespace demo
