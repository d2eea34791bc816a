#include "bench/station.hpp"

#include <algorithm>

namespace sess::bench {
namespace {

std::unique_ptr<Worker> worker_of(const System& system, const Place& place) {
  if (system.command) return std::make_unique<Worker>(system.command(place));
  return std::make_unique<Worker>(system, place);
}

}  // namespace

Station::Station(System system, Place place, int sessions) : system_(std::move(system)), place_(std::move(place)) {
  if (system_.serve) server_ = system_.serve(place_);
  System filler = system_;
  if (system_.open_to_fill) filler.open = system_.open_to_fill;
  const auto worker = worker_of(filler, place_);
  worker->start({Operation::create, 0, sessions, sessions});
  worker->finish();
}

bool Station::has(Operation operation) const {
  return std::ranges::find(system_.operations, operation) != system_.operations.end();
}

Station::Round Station::run(const std::vector<Task>& tasks) {
  open_workers(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) workers_[i]->prepare(tasks[i]);
  for (std::size_t i = 0; i < tasks.size(); ++i) workers_[i]->start(tasks[i]);
  Round round;
  std::int64_t begin = 0, end = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Timing timing = workers_[i]->finish();
    begin = i == 0 ? timing.begin : std::min(begin, timing.begin);
    end = std::max(end, timing.end);
    round.each.insert(round.each.end(), timing.each.begin(), timing.each.end());
  }
  round.microseconds_each = static_cast<double>(end - begin) / 1000 / static_cast<double>(round.each.size());
  return round;
}

long long Station::sum(int first, int count) {
  open_workers(1);
  return workers_.front()->sum(first, count);
}

void Station::open_workers(std::size_t count) {
  while (workers_.size() < count) workers_.push_back(worker_of(system_, place_));
}

}  // namespace sess::bench
