// (a) A browser whose session has expired polls and logs in at the same time, with one old cookie. The login was
// confirmed, so when both answers have come the browser must be logged in.
#include <chrono>
#include <thread>

#include "demo/replay/timeline.hpp"

namespace demo {

namespace {

class ExpiredCookie : public Timeline {
 public:
  std::string title() const override { return "(a) expired cookie: poll against login"; }
  std::uint64_t proof(const Counts& counts) const override { return counts.wrong_logouts; }
  std::size_t case_count() const override { return orders_.size() * 4; }
  std::string order(std::size_t number) const override {
    const Interleaving& order = orders_[number % orders_.size()];
    return order.words({"poll", "login"}) +
           (order.first_answer == 0 ? "; poll answers first" : "; login answers first");
  }

  // The sessions are real ones, made and ended over HTTP: each is told to expire after a millisecond. Half of them are
  // swept as well, so that no file is left; of the other half the expired file is still there.
  void prepare(Lane& lane, const std::vector<std::size_t>& cases, Counts& counts) override {
    jars_.assign(cases.size(), Jar());
    make(lane, cases, true, counts);
    // The last one has a millisecond to go.
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    Jar nobody;
    lane.prepare(counts, "/demo/sweep", nobody);
    make(lane, cases, false, counts);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  void replay(Lane& lane, std::size_t place, std::size_t number, Counts& counts) override {
    Jar& jar = jars_[place];
    const bool ann = place % 2 == 0;
    const std::string user = ann ? "ann" : "bob";
    const std::string form = ann ? "user=ann&password=apples" : "user=bob&password=bananas";
    const auto replies =
        lane.race(counts, {Question{.path = "/info"}, Question{.path = "/login", .post = true, .form = form}},
                  orders_[number % orders_.size()], jar);
    if (!replies[0].ok() || member(replies[1], "user") != user) ++counts.errors;
    // The poll was sent with the old cookie, so it must see an empty session.
    if (member(replies[0], "user") != "null" || member(replies[0], "visits") != "0") ++counts.wrong_data;

    const std::string item = user + "-" + std::to_string(place);
    lane.ask(counts, "/cart/add", jar, true, "item=" + item);
    const Reply reply = lane.ask(counts, "/me", jar);
    if (member(reply, "user") == "null") {
      ++counts.wrong_logouts;
    } else if (member(reply, "user") != user || member(reply, "cart") != "{\"" + item + "\":1}") {
      ++counts.wrong_data;
    }
  }

 private:
  bool swept(std::size_t number) const { return number / orders_.size() % 2 == 0; }
  bool authenticated(std::size_t number) const { return number / orders_.size() / 2 == 0; }

  void make(Lane& lane, const std::vector<std::size_t>& cases, bool to_be_swept, Counts& counts) {
    for (std::size_t place = 0; place < cases.size(); ++place) {
      if (swept(cases[place]) != to_be_swept) continue;
      if (authenticated(cases[place])) {
        lane.prepare(counts, "/login", jars_[place], "user=ann&password=apples");
      }
      lane.prepare(counts, "/visit", jars_[place]);
      lane.prepare(counts, "/demo/expire", jars_[place]);
    }
  }

  std::vector<Interleaving> orders_ = interleavings(true);
  std::vector<Jar> jars_;
};

}  // namespace

std::unique_ptr<Timeline> expired_cookie() { return std::make_unique<ExpiredCookie>(); }

}  // namespace demo
