#include "web/ordered_requests.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"
#include "web/site.hpp"

namespace sess::test {

namespace {

using web::Mode;
using web::RequestSession;

/// The cookies of the browser. With one cookie whatever arrives replaces whatever was there.
struct Jar {
  bool one_cookie = false;
  Browser browser;
  std::string header() const {
    if (!one_cookie || !browser.has("sid")) return browser.header();
    return "sid=" + browser.value("sid") + "; sid-auth=" + browser.value("sid");
  }
  void receive(std::vector<std::string> set_cookie) {
    for (std::string& line : set_cookie)
      if (one_cookie && line.starts_with("sid-auth=")) line.erase(3, 5);
    browser.receive(set_cookie);
  }
};

}  // namespace

class OrderedWorld {
 public:
  OrderedWorld() : store_(open_store(system_, path, {.create = true})) {}

  void run(const Case& to_run, Violations& violations) {
    Run run(*this, to_run, violations);
    run.all();
    system_->clear_log();
    ++runs_;
  }
  std::uint64_t runs() const { return runs_; }

 private:
  static constexpr const char* path = "/srv/store";

  struct Request {
    Act act = Act::read;
    std::string name;  // of what it writes, or of who logs in
    std::unique_ptr<RequestSession> session = nullptr;
    bool started = false;
    bool named_login = false;  // its cookies named a session of a login
    web::Finished finished = {};
    std::int64_t finished_at = 0;
  };

  class Run {
   public:
    Run(OrderedWorld& world, const Case& to_run, Violations& violations)
        : world_(world), case_(to_run), violations_(violations), jar_{to_run.one_cookie, {}} {
      make_first();
      lost_ = case_.lost;
      if (case_.led) {
        world_.system_->advance(std::chrono::seconds(2));
        RequestSession session{world_.store_, cookies(), jar_.header()};
        REQUIRE(session.start().ok());
        REQUIRE(session.finish().set_cookie.size() == 1);
        world_.system_->advance(std::chrono::seconds(40));
      }
      initial_ = jar_;
      for (std::size_t i = 0; i < case_.acts.size(); ++i) {
        Request request;
        request.act = case_.acts[i];
        request.name = std::string(1, static_cast<char>('a' + i));
        requests_.push_back(std::move(request));
      }
    }

    void all() {
      std::vector<int> step(requests_.size());
      for (std::size_t at = 0; at < case_.order.size(); ++at) {
        if (case_.attack != Attack::none && at == case_.attack_at) attack();
        Request& request = requests_[case_.order[at]];
        if (case_.step_seconds > 0) world_.system_->advance(std::chrono::seconds(case_.step_seconds));
        switch (step[case_.order[at]]++) {
          case 0:
            start(request);
            break;
          case 1:
            finish(request);
            break;
          default:
            answer(request);
        }
        look_with_first_cookies();
      }
      judge();
    }

   private:
    RequestSession session_of(const Jar& jar) const { return {world_.store_, world_.cookies_, jar.header()}; }
    const std::shared_ptr<const web::SessionCookies>& cookies() const {
      return case_.rolling ? world_.rolling_cookies_ : world_.cookies_;
    }

    void make_first() {
      if (case_.first == First::none) return;
      const bool login = case_.first >= First::login_live;
      visit(jar_, [&](RequestSession& session) {
        session.editor().set("first", 1);
        if (login) session.authenticate("first");
      });
      const SessionId id = *world_.store_.parse(jar_.browser.value(login && !case_.one_cookie ? "sid-auth" : "sid"));
      switch (case_.first) {
        case First::anonymous_expired:
        case First::login_expired:
          world_.system_->advance(std::chrono::hours(1));
          break;
        case First::anonymous_swept:
        case First::login_swept: {
          world_.system_->advance(std::chrono::hours(1));
          const std::string file = std::string(path) + "/shards/" + record_file(id);
          REQUIRE(world_.system_->unlink(sys::working_directory, file.c_str()) == 0);
          break;
        }
        case First::anonymous_superseded:
        case First::login_superseded:
          REQUIRE(world_.store_.lock(id)->supersede().ok());
          break;
        case First::anonymous_destroyed:
        case First::login_destroyed:
          REQUIRE(world_.store_.destroy(id).ok());
          break;
        default:
          break;
      }
    }

    template <class Work>
    void visit(Jar& jar, Work work) {
      RequestSession session = session_of(jar);
      REQUIRE(session.start().ok());
      work(session);
      web::Finished finished = session.finish();
      REQUIRE(finished.status.ok());
      jar.receive(finished.set_cookie);
    }

    static void act(Request& request) {
      RequestSession& session = *request.session;
      static_cast<void>(session.editor().has("first"));
      switch (request.act) {
        case Act::read:
          break;
        case Act::write:
          session.editor().set(request.name, 1);
          break;
        case Act::login:
          session.authenticate(request.name);
          break;
        case Act::regenerate:
          if (session.principal()) session.regenerate();
          break;
        case Act::logout:
          session.logout();
          break;
        case Act::logout_everywhere:
          session.logout_everywhere();
          break;
        case Act::regenerate_alone:
          if (session.principal()) session.regenerate();
          session.logout_others();
          break;
        case Act::logout_others:
          session.logout_others();
          break;
      }
    }

    void start(Request& request) {
      // IDs tell to the second how old they are.
      if (case_.rolling) world_.system_->advance(std::chrono::seconds(2));
      request.session = std::make_unique<RequestSession>(world_.store_, cookies(), jar_.header());
      request.started = request.session->start().ok();
      if (!request.started) ++violations_.faults;
      request.named_login = request.session->principal().has_value();
    }

    void finish(Request& request) {
      act(request);
      request.finished_at = world_.system_->wall_clock();
      request.finished = request.session->finish();
      // A runner runs the handler again; here nobody comes between.
      while (request.finished.status == Outcome::conflict) {
        const Status again = request.session->start(Mode::locked);
        if (!again.ok()) {
          request.finished = {.status = again};
          return;
        }
        act(request);
        request.finished = request.session->finish();
      }
      const Status status = request.finished.status;
      if (!status.ok() && !(status == Outcome::gone) && !(status == Outcome::superseded)) ++violations_.faults;
      if (request.act == Act::login && status.ok()) logins_.insert(request.name);
    }

    void answer(Request& request) {
      // A browser that is sent to the same address again sends what cookies it has by then.
      for (int i = 0; i < 3 && request.finished.status == Outcome::superseded; ++i) {
        start(request);
        finish(request);
      }
      if (case_.step_seconds > 0 && world_.system_->wall_clock() - request.finished_at >= 30'000)
        lost_ |= std::size_t{1} << (request.name[0] - 'a');
      if ((lost_ >> (request.name[0] - 'a') & 1) != 0) return;
      jar_.receive(request.finished.set_cookie);
      if (request.act == Act::login && request.finished.status.ok()) {
        last_login_ = request.name;
        answered_.insert(request.name);
      }
      if (request.act == Act::logout || request.act == Act::logout_everywhere) logged_out_ = true;
    }

    void attack() {
      Request request;
      request.name = "mallory";
      request.act = case_.attack == Attack::login    ? Act::login
                    : case_.attack == Attack::write  ? Act::write
                    : case_.attack == Attack::logout ? Act::logout
                                                     : Act::read;
      request.session = std::make_unique<RequestSession>(world_.store_, cookies(), initial_.header());
      if (!request.session->start().ok()) return;
      finish(request);
      logins_.erase(request.name);
      attacked_ = case_.attack != Attack::read;
      // With a live ID of a login that is the browser's own logout, as far as anybody can tell.
      if (case_.attack == Attack::logout && case_.first == First::login_live) logged_out_ = true;
    }

    /// The first cookies lead to nobody's new login, whatever has happened.
    void look_with_first_cookies() {
      RequestSession session = session_of(case_.keeps_id ? jar_ : initial_);
      REQUIRE(session.start().ok());
      if (session.principal() && logins_.contains(*session.principal())) ++violations_.let_in;
    }

    /// A login that no request has ended or replaced goes on, whatever answers were lost. By the last time the client
    /// has the cookie again.
    void judge_lost() {
      const bool is_kept = std::ranges::all_of(
          case_.acts, [](Act act) { return act == Act::read || act == Act::write || act == Act::logout_others; });
      if (case_.first != First::login_live || !is_kept || case_.attack == Attack::login ||
          case_.attack == Attack::logout)
        return;
      for (int i = 0; i < 3; ++i) {
        world_.system_->advance(std::chrono::seconds(40));
        RequestSession session{world_.store_, cookies(), jar_.header()};
        REQUIRE(session.start().ok());
        if (session.principal() != "first") ++violations_.login_lost;
        const web::Finished finished = session.finish();
        if (!finished.status.ok()) ++violations_.faults;
        jar_.receive(finished.set_cookie);
      }
    }

    /// A login whose answer has arrived is in force, at once and later, where only answers of requests are lost that
    /// were to end or replace nothing.
    void judge_logins_beside_lost() {
      for (std::size_t i = 0; i < case_.acts.size(); ++i) {
        const Act act = case_.acts[i];
        const bool harmless = act == Act::read || act == Act::write || act == Act::logout_others;
        if ((lost_ >> i & 1) != 0 && !harmless) return;
      }
      if (!last_login_ || logged_out_ || case_.attack == Attack::login || case_.attack == Attack::logout) return;
      for (int i = 0; i < 3; ++i) {
        RequestSession session{world_.store_, cookies(), jar_.header()};
        REQUIRE(session.start().ok());
        if (!answered_.contains(session.principal().value_or(""))) ++violations_.login_lost;
        const web::Finished finished = session.finish();
        if (!finished.status.ok()) ++violations_.faults;
        jar_.receive(finished.set_cookie);
        world_.system_->advance(std::chrono::seconds(40));
      }
    }

    void judge() {
      if (lost_ != 0) {
        judge_logins_beside_lost();
        return judge_lost();
      }
      for (const Request& request : requests_) {
        if (request.act == Act::login || !request.named_login) continue;
        // Only with the cookie that the answer to a login has brought.
        if (case_.first != First::login_live && case_.first != First::login_superseded && !last_login_)
          ++violations_.let_in;
      }
      RequestSession session = session_of(jar_);
      REQUIRE(session.start().ok());
      // A login and a logout sent at once: the answer that arrives last decides the cookie. Of several logins it is the
      // last too, unless the session of another one was given a new ID meanwhile.
      const bool new_ids = case_.rolling || std::ranges::any_of(case_.acts, [](Act act) {
                             return act == Act::regenerate || act == Act::regenerate_alone;
                           });
      const bool in_force =
          !new_ids ? session.principal() == last_login_ : answered_.contains(session.principal().value_or(""));
      if (last_login_ && !logged_out_ && !in_force) ++violations_.login_lost;
      if (logged_out_ || attacked_) return;
      for (const Request& request : requests_) {
        if (request.act != Act::write || !request.finished.status.ok() || request.named_login) continue;
        if (case_.first == First::none) continue;        // nothing tells that these requests are of one browser
        if (case_.first >= First::login_live) continue;  // an authenticated ID has no successor
        if (!found(request.name)) ++violations_.write_lost;
      }
    }

    /// In the session of either cookie.
    bool found(const std::string& name) const {
      for (const char* cookie : {"sid", "sid-auth"}) {
        if (!jar_.browser.has(cookie)) continue;
        const auto id = world_.store_.parse(jar_.browser.value(cookie));
        if (!id) continue;
        if (const auto snapshot = world_.store_.snapshot(*id); snapshot && snapshot->has(name)) return true;
      }
      return false;
    }

    OrderedWorld& world_;
    const Case& case_;
    Violations& violations_;
    Jar jar_;
    Jar initial_;
    std::vector<Request> requests_;
    std::set<std::string> logins_;    // that the store has confirmed
    std::set<std::string> answered_;  // and the client has been told of
    std::optional<std::string> last_login_;
    bool logged_out_ = false;
    bool attacked_ = false;
    std::size_t lost_ = 0;
  };

  std::shared_ptr<FakeSystem> system_ = std::make_shared<FakeSystem>();
  Store store_;
  std::shared_ptr<const web::SessionCookies> cookies_ =
      std::make_shared<const web::SessionCookies>(run_options().cookies);
  std::shared_ptr<const web::SessionCookies> rolling_cookies_ = [] {
    web::SessionCookieOptions options = run_options().cookies;
    options.attributes.max_age = std::chrono::hours(1);
    options.renewal_interval = std::chrono::seconds(1);
    return std::make_shared<const web::SessionCookies>(options);
  }();
  std::uint64_t runs_ = 0;
};

OrderedRuns::OrderedRuns() = default;

OrderedRuns::~OrderedRuns() = default;

void OrderedRuns::run(const Case& to_run) {
  if (!world_ || world_->runs() == 500) world_ = std::make_unique<OrderedWorld>();
  const std::uint64_t before = totals.violations.sum();
  world_->run(to_run, totals.violations);
  ++totals.runs;
  if (totals.violations.sum() == before || to_run.one_cookie || to_run.keeps_id || told_ == 10) return;
  ++told_;
  std::string text;
  for (const Act act : to_run.acts) text += " " + std::to_string(static_cast<int>(act));
  text += "; order";
  for (const std::size_t step : to_run.order) text += " " + std::to_string(step);
  MESSAGE("first ", static_cast<int>(to_run.first), ", acts", text, ", attack ", static_cast<int>(to_run.attack),
          " at ", to_run.attack_at, ", lost ", to_run.lost, ", step ", to_run.step_seconds, ", led ", to_run.led);
}

}  // namespace sess::test
