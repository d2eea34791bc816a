#include <sess/watch.hpp>

#include "store/core.hpp"
#include "store/times.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace sess {

class Watch::State {
 public:
  explicit State(Store store) : store_(std::move(store)), watch_(StoreAccess::core(store_).records().watch()) {}

  std::size_t records() const noexcept { return watch_->records(); }
  bool wait(std::chrono::milliseconds timeout, const std::function<void(const Change&)>& visit) {
    const backend::RecordStore& records = StoreAccess::core(store_).records();
    return watch_->wait(timeout, [&](const backend::RecordChange& record) {
      Change change{.kind = record.kind, .key = record.key, .seen = to_time_point(records.now())};
      if (record.listed) change.entry = to_entry(*record.listed);
      visit(change);
    });
  }

 private:
  Store store_;  // first: the watch is of its records
  std::unique_ptr<backend::RecordWatch> watch_;
};

std::string_view to_string(Change::Kind kind) noexcept {
  constexpr std::array<std::string_view, 8> names{"created", "committed", "renewed",     "replaced",
                                                  "ended",   "expired",   "quarantined", "lost"};
  return names.at(static_cast<std::size_t>(kind));
}

Watch::Watch(const Store& store) : state_(std::make_unique<State>(store)) {}
Watch::~Watch() = default;

std::size_t Watch::records() const noexcept { return state_->records(); }

bool Watch::wait(std::chrono::milliseconds timeout, const std::function<void(const Change&)>& visit) {
  return state_->wait(timeout, visit);
}

}  // namespace sess
