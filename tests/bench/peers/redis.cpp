#include "bench/payload.hpp"
#include "bench/peers/systems.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace sess::bench {
namespace {

constexpr std::string_view expiry = "3600";

// Unlocks if the lock is still ours (Redis, "Distributed locks with Redis").
constexpr std::string_view unlock_script =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";
// Writes if nobody else has since the value was read.
constexpr std::string_view swap_script =
    "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3]) return 1 "
    "else return 0 end";

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { ::freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

class Redis : public Peer {
 public:
  Redis(const Place& place, bool locks)
      : locks_(locks),
        empty_(encoded_values(place.payload_size)),
        context_(::redisConnectUnix((place.directory + "/socket").c_str())) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("redis: cannot connect");
    unlock_ = text_of(*call({"SCRIPT", "LOAD", unlock_script}));
    swap_ = text_of(*call({"SCRIPT", "LOAD", swap_script}));
  }
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;
  ~Redis() override { ::redisFree(context_); }

  void run(Operation operation, int session) override {
    const std::string id = id_of(session);
    switch (operation) {
      case Operation::create:
        return static_cast<void>(call({"SET", id, view_of(empty_), "EX", expiry}));
      case Operation::read:
        return static_cast<void>(count_of(bytes_of(*call({"GET", id}))));
      case Operation::touch:
        return static_cast<void>(call({"EXPIRE", id, expiry}));
      case Operation::unchanged:
        return static_cast<void>(count_of(bytes_of(*call({"GETEX", id, "EX", expiry}))));
      case Operation::update:
        return locks_ ? update_locked(id) : update_compared(id);
      case Operation::destroy:
        return static_cast<void>(call({"DEL", id}));
      default:
        throw std::runtime_error("no such operation");
    }
  }

  long long sum(int first, int count) override {
    long long sum = 0;
    for (int session = first; session < first + count; ++session)
      sum += count_of(bytes_of(*call({"GET", id_of(session)})));
    return sum;
  }

 private:
  void update_locked(const std::string& id) {
    const std::string lock = "lock:" + id, owner = fmt::format("{}:{}", ::getpid(), ++turns_);
    while (call({"SET", lock, owner, "NX", "PX", "30000"})->type != REDIS_REPLY_STATUS) {
    }
    auto values = bytes_of(*call({"GET", id}));
    count_up(values);
    call({"SET", id, view_of(values), "EX", expiry});
    call({"EVALSHA", unlock_, "1", lock, owner});
  }
  void update_compared(const std::string& id) {
    for (;;) {
      const auto before = bytes_of(*call({"GET", id}));
      auto values = before;
      count_up(values);
      if (call({"EVALSHA", swap_, "1", id, view_of(before), view_of(values), expiry})->integer == 1) return;
    }
  }

  Reply call(const std::vector<std::string_view>& words) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const auto word : words) {
      arguments.push_back(word.data());
      sizes.push_back(word.size());
    }
    Reply reply(static_cast<redisReply*>(
        ::redisCommandArgv(context_, static_cast<int>(words.size()), arguments.data(), sizes.data())));
    if (reply == nullptr) throw std::runtime_error(context_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
    return reply;
  }
  static std::string text_of(const redisReply& reply) { return {reply.str, reply.len}; }
  static std::string_view view_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static std::vector<std::byte> bytes_of(const redisReply& reply) {
    if (reply.type != REDIS_REPLY_STRING) throw std::runtime_error("no such session");
    std::vector<std::byte> bytes(reply.len);
    std::memcpy(bytes.data(), reply.str, reply.len);
    return bytes;
  }

  bool locks_;
  std::vector<std::byte> empty_;
  redisContext* context_;
  std::string unlock_, swap_;
  long turns_ = 0;
};

/// A server until it is destroyed.
class Server {
 public:
  explicit Server(const Place& place) {
    static_cast<void>(::mkdir(place.directory.c_str(), 0700));
    const std::string socket = place.directory + "/socket";
    pid_ = ::fork();
    if (pid_ == 0) {
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, STDOUT_FILENO);
      ::execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket.c_str(), "--save", "",
               "--appendonly", "no", "--dir", place.directory.c_str(), nullptr);
      ::_exit(127);
    }
    // It says by no other means than its socket that it is there.
    for (int tries = 0; ::access(socket.c_str(), F_OK) != 0; ++tries) {
      if (tries == 1000) throw std::runtime_error("redis-server does not start");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

System redis(const char* name, bool locks) {
  using enum Operation;
  return {name,
          {create, read, touch, unchanged, update, destroy, mix},
          [locks](const Place& place) { return std::make_unique<Redis>(place, locks); },
          nullptr,
          nullptr,
          [](const Place& place) { return std::make_shared<Server>(place); }};
}

}  // namespace

System redis_lock() { return redis("redis lock", true); }
System redis_script() { return redis("redis script", false); }

}  // namespace sess::bench
