// (b) A page asks for a captcha while another request of the same browser is under way. The right answer must be
// accepted, and the other request's work must not be lost either.
#include "demo/replay/timeline.hpp"

namespace demo {

namespace {

class LostCaptcha : public Timeline {
 public:
  std::string title() const override { return "(b) lost captcha: picture against poll"; }
  std::uint64_t proof(const Counts& counts) const override { return counts.wrong_captchas; }
  std::size_t case_count() const override { return orders_.size() * 2; }
  std::string order(std::size_t number) const override {
    return orders_[number % orders_.size()].words({"captcha", "poll"});
  }

  void replay(Lane& lane, std::size_t /*place*/, std::size_t number, Counts& counts) override {
    Jar jar;
    // With a session that somebody is logged in to, and with one of nobody.
    if (number < orders_.size()) {
      lane.prepare(counts, "/visit", jar);
    } else {
      lane.prepare(counts, "/login", jar, "user=ann&password=apples");
    }
    const auto replies = lane.race(counts, {Question{.path = "/captcha"}, Question{.path = "/info"}},
                                   orders_[number % orders_.size()], jar);
    if (!replies[0].ok() || !replies[1].ok()) ++counts.errors;
    const Reply check = lane.ask(counts, "/captcha/check", jar, true, "answer=" + replies[0].captcha);
    if (member(check, "right") != "true") ++counts.wrong_captchas;
    if (member(lane.ask(counts, "/me", jar), "polls") != "1") ++counts.lost_updates;
  }

 private:
  std::vector<Interleaving> orders_ = interleavings(false);
};

}  // namespace

std::unique_ptr<Timeline> lost_captcha() { return std::make_unique<LostCaptcha>(); }

}  // namespace demo
