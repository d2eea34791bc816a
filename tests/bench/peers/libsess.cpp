#include "bench/payload.hpp"
#include "bench/peers/systems.hpp"

#include <sess/sess.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace sess::bench {
namespace {

class Libsess : public Peer {
 public:
  explicit Libsess(const Place& place)
      : values_(values_of_size(place.payload_size)),
        store_(Store::open(place.directory + "/store", {.idle_timeout = std::chrono::hours(1), .create = true})) {
    // The same numbers in every process that opens the filled store.
    store_.list([this](const SessionEntry& entry) {
      keys_.push_back(entry.key);
      return true;
    });
  }

  void prepare(Operation operation, int first, int count) override {
    // A touch is skipped while it would gain too little, so each round asks for a little more than the one before.
    if (operation != Operation::touch) return;
    idle_timeout_ += std::chrono::hours(1);
    for (int session = first; session < first + count; ++session)
      require(
          store_.update(key(session), [&](Editor& editor) { editor.set_idle_timeout(idle_timeout_); }, {.renew = false})
              .ok(),
          "idle timeout");
  }

  void run(Operation operation, int session) override {
    switch (operation) {
      case Operation::create:
        return create(session);
      case Operation::read:
      case Operation::reread:
        return require(store_.snapshot(key(session)).has_value(), "snapshot");
      case Operation::touch:
        return require(store_.touch(key(session)).ok(), "touch");
      case Operation::unchanged:
        require(store_.snapshot(key(session)).has_value(), "snapshot");
        return require(store_.touch(key(session)).ok(), "touch");
      case Operation::update:
        return update(session, {});
      case Operation::durable:
        return update(session, {.durability = Durability::durable});
      case Operation::merge:
        return merge(session);
      case Operation::destroy:
        return require(store_.destroy(key(session)).ok(), "destroy");
      case Operation::mix:
        break;
    }
    throw std::runtime_error("no such operation");
  }

  long long sum(int first, int count) override {
    long long sum = 0;
    for (int session = first; session < first + count; ++session)
      sum += store_.snapshot(key(session))->get<long long>("count").value();
    return sum;
  }

 private:
  void create(int number) {
    Session session = store_.create();
    for (const auto& [name, value] : values_) session.set(name, value);
    require(session.commit().ok(), "commit");
    const auto index = static_cast<std::size_t>(number);
    if (keys_.size() <= index) keys_.resize(index + 1);
    keys_[index] = session.key();
  }
  void update(int session, const CommitOptions& options) {
    require(store_
                .update(
                    key(session), [](Editor& editor) { editor.add("count", 1); }, options)
                .ok(),
            "update");
  }
  void merge(int session) {
    auto snapshot = store_.snapshot(key(session));
    require(snapshot.has_value(), "snapshot");
    Changes changes = snapshot->edit();
    changes.add("count", 1);
    require(store_.merge(changes).ok(), "merge");
  }
  const SessionKey& key(int session) const { return keys_.at(static_cast<std::size_t>(session)); }

  Values values_;
  Store store_;
  std::chrono::hours idle_timeout_{1};
  std::vector<SessionKey> keys_;
};

}  // namespace

System libsess() {
  using enum Operation;
  return {"libsess",
          {create, read, reread, touch, unchanged, update, merge, durable, destroy, mix},
          [](const Place& place) { return std::make_unique<Libsess>(place); }};
}

}  // namespace sess::bench
