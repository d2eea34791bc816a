// (c) As many requests as there are connections count a visit at the same time, in one session. Each must count.
#include <barrier>
#include <thread>

#include "demo/replay/timeline.hpp"

namespace demo {

namespace {

class ConcurrentIncrements : public Timeline {
 public:
  ConcurrentIncrements(const Address& address, const Target& target, std::size_t increments)
      : prefixes_(target.prefixes),
        increments_(increments),
        start_(static_cast<std::ptrdiff_t>(increments + 1)),
        finish_(static_cast<std::ptrdiff_t>(increments + 1)),
        answered_(increments, 0) {
    for (std::size_t number = 0; number < increments; ++number)
      threads_.emplace_back([this, address, number] { work(address, number); });
  }
  ~ConcurrentIncrements() override {
    over_ = true;
    start_.arrive_and_wait();
    for (std::thread& thread : threads_) thread.join();
  }

  std::string title() const override { return "(c) " + std::to_string(increments_) + " concurrent increments"; }
  std::uint64_t proof(const Counts& counts) const override { return counts.lost_updates; }
  std::size_t case_count() const override { return 1; }
  std::string order(std::size_t /*number*/) const override { return "all at once, as they come"; }

  void replay(Lane& lane, std::size_t /*place*/, std::size_t /*number*/, Counts& counts) override {
    Jar jar;
    lane.prepare(counts, "/visit", jar);
    cookies_ = jar.header();
    start_.arrive_and_wait();
    finish_.arrive_and_wait();
    std::uint64_t acknowledged = 1;
    for (const char answered : answered_) acknowledged += answered != 0 ? 1 : 0;
    counts.requests += increments_;
    counts.errors += increments_ + 1 - acknowledged;
    const std::string visits = member(lane.ask(counts, "/me", jar), "visits");
    const std::uint64_t counted = visits.empty() ? 0 : std::stoull(visits);
    if (counted < acknowledged) counts.lost_updates += acknowledged - counted;
    if (counted > acknowledged) ++counts.wrong_data;
  }

 private:
  void work(const Address& address, std::size_t number) {
    HttpClient client(address);
    while (true) {
      start_.arrive_and_wait();
      if (over_) return;
      answered_[number] =
          client.ask({.path = prefixes_[number % prefixes_.size()] + "/visit", .cookies = cookies_, .post = true}).ok()
              ? 1
              : 0;
      finish_.arrive_and_wait();
    }
  }

  std::vector<std::string> prefixes_;
  std::size_t increments_;
  std::barrier<> start_;
  std::barrier<> finish_;
  std::vector<char> answered_;
  std::string cookies_;  // written before the start, read after it
  bool over_ = false;    // likewise
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Timeline> concurrent_increments(const Address& address, const Target& target, std::size_t increments) {
  return std::make_unique<ConcurrentIncrements>(address, target, increments);
}

}  // namespace demo
