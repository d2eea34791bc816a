// (d) Somebody logs out while another request of the same browser is under way. Afterwards no cookie that the browser
// has or had may lead to a session that somebody is logged in to.
#include "demo/replay/timeline.hpp"

namespace demo {

namespace {

class LogoutInFlight : public Timeline {
 public:
  std::string title() const override { return "(d) logout against a request in flight"; }
  std::uint64_t proof(const Counts& counts) const override { return counts.resurrections; }
  std::size_t case_count() const override { return orders_.size() * 2; }
  std::string order(std::size_t number) const override {
    const Interleaving& order = orders_[number % orders_.size()];
    return order.words({"request", "logout"}) +
           (order.first_answer == 0 ? "; request answers first" : "; logout answers first");
  }

  void replay(Lane& lane, std::size_t /*place*/, std::size_t number, Counts& counts) override {
    Jar jar;
    lane.prepare(counts, "/login", jar, "user=ann&password=apples");
    Jar before = jar;
    const Question in_flight = number < orders_.size()
                                   ? Question{.path = "/info"}
                                   : Question{.path = "/cart/add", .post = true, .form = "item=pear"};
    const auto replies = lane.race(counts, {in_flight, Question{.path = "/logout", .post = true}},
                                   orders_[number % orders_.size()], jar);
    // 409 is libsess's answer to a request whose session has ended under it.
    if ((!replies[0].ok() && replies[0].status != 409) || !replies[1].ok()) ++counts.errors;
    const bool alive = member(lane.ask(counts, "/me", before), "user") != "null";
    const bool logged_in = member(lane.ask(counts, "/me", jar), "user") != "null";
    if (alive || logged_in) ++counts.resurrections;
  }

 private:
  std::vector<Interleaving> orders_ = interleavings(true);
};

}  // namespace

std::unique_ptr<Timeline> logout_in_flight() { return std::make_unique<LogoutInFlight>(); }

}  // namespace demo
