// The life of an ID in every order: two and three requests of one browser, started, finished and answered in every
// order that there is, and somebody who replays the browser's first cookies between any two of these steps.
//
// Between its start and its finish a request does nothing that another could see, and both are atomic here; what may
// come between their system calls is for tests/model.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/core.hpp"
#include "support/fake_system.hpp"
#include "support/store_world.hpp"
#include "support/temporary_directory.hpp"
#include "web/site.hpp"

namespace sess::test {
namespace {

using web::Mode;
using web::RequestSession;

/// What the browser's cookie names when all begins.
enum class First : std::uint8_t {
  none,
  anonymous_live,
  anonymous_expired,
  anonymous_swept,
  anonymous_superseded,
  anonymous_destroyed,
  login_live,
  login_expired,
  login_swept,
  login_superseded,
  login_destroyed,
};
constexpr std::array all_firsts{First::none,
                                First::anonymous_live,
                                First::anonymous_expired,
                                First::anonymous_swept,
                                First::anonymous_superseded,
                                First::anonymous_destroyed,
                                First::login_live,
                                First::login_expired,
                                First::login_swept,
                                First::login_superseded,
                                First::login_destroyed};

enum class Act : std::uint8_t { read, write, login, regenerate, logout };
constexpr std::array all_acts{Act::read, Act::write, Act::login, Act::regenerate, Act::logout};

/// What somebody does who has the browser's first cookies and no others.
enum class Attack : std::uint8_t { none, read, write, login, logout };

struct Case {
  First first = First::none;
  std::vector<Act> acts = {};
  std::vector<std::size_t> order = {};  // of steps, by request: start, finish, answer
  Attack attack = Attack::none;
  std::size_t attack_at = 0;  // before this step
  bool one_cookie = false;    // as stores do that have but one
  bool keeps_id = false;      // as stores do that give a login no new ID: who has the first cookies has it as well
};

/// What is to hold in every order, and did not.
struct Violations {
  std::uint64_t login_lost = 0;  // the last confirmed login is not in force
  std::uint64_t let_in = 0;      // somebody is in a session of a login that he did not make
  std::uint64_t write_lost = 0;  // an anonymous write that was confirmed is nowhere, and nobody was told
  std::uint64_t faults = 0;      // a status that there should not be
  std::uint64_t sum() const { return login_lost + let_in + write_lost + faults; }
};

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

class World {
 public:
  World() : store_(open_store(system_, path, {.create = true})) {}

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
  };

  class Run {
   public:
    Run(World& world, const Case& to_run, Violations& violations)
        : world_(world), case_(to_run), violations_(violations), jar_{to_run.one_cookie, {}} {
      make_first();
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
      }
    }

    void start(Request& request) {
      request.session = std::make_unique<RequestSession>(world_.store_, world_.cookies_, jar_.header());
      request.started = request.session->start().ok();
      if (!request.started) ++violations_.faults;
      request.named_login = request.session->principal().has_value();
    }

    void finish(Request& request) {
      act(request);
      request.finished = request.session->finish();
      // A runner runs the handler again; here nobody comes between.
      while (request.finished.status == Outcome::conflict) {
        const Status again = request.session->start(Mode::locked);
        if (!again.ok()) {
          request.finished = {again, {}, {}};
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
      jar_.receive(request.finished.set_cookie);
      if (request.act == Act::login && request.finished.status.ok()) {
        last_login_ = request.name;
        answered_.insert(request.name);
      }
      if (request.act == Act::logout) logged_out_ = true;
    }

    void attack() {
      Request request;
      request.name = "mallory";
      request.act = case_.attack == Attack::login    ? Act::login
                    : case_.attack == Attack::write  ? Act::write
                    : case_.attack == Attack::logout ? Act::logout
                                                     : Act::read;
      request.session = std::make_unique<RequestSession>(world_.store_, world_.cookies_, initial_.header());
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

    void judge() {
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
      const bool in_force = std::ranges::find(case_.acts, Act::regenerate) == case_.acts.end()
                                ? session.principal() == last_login_
                                : answered_.contains(session.principal().value_or(""));
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

    World& world_;
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
  };

  std::shared_ptr<FakeSystem> system_ = std::make_shared<FakeSystem>();
  Store store_;
  std::shared_ptr<const web::SessionCookies> cookies_ =
      std::make_shared<const web::SessionCookies>(run_options().cookies);
  std::uint64_t runs_ = 0;
};

/// Every order of three steps of each of so many requests.
std::vector<std::vector<std::size_t>> orders_of(std::size_t requests) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < requests; ++i) order.insert(order.end(), 3, i);
  std::vector<std::vector<std::size_t>> orders;
  do {
    orders.push_back(order);
  } while (std::ranges::next_permutation(order).found);
  return orders;
}

struct Totals {
  std::uint64_t runs = 0;
  Violations violations;
};

/// Runs cases, in a fresh world now and then.
class Runs {
 public:
  void run(const Case& to_run) {
    if (!world_ || world_->runs() == 500) world_ = std::make_unique<World>();
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
            " at ", to_run.attack_at);
  }
  Totals totals;

 private:
  std::unique_ptr<World> world_;
  int told_ = 0;
};

void report(const std::string& what, const Totals& totals) {
  MESSAGE(what, ": ", totals.runs, " orders; logins lost ", totals.violations.login_lost, ", let in ",
          totals.violations.let_in, ", writes lost ", totals.violations.write_lost, ", faults ",
          totals.violations.faults);
}

void check(const std::string& what, const Totals& totals, std::uint64_t at_least) {
  report(what, totals);
  CHECK(totals.runs >= at_least);
  CHECK(totals.violations.login_lost == 0);
  CHECK(totals.violations.let_in == 0);
  CHECK(totals.violations.write_lost == 0);
  CHECK(totals.violations.faults == 0);
}

/// `broken` is a case of the same kind that a wrong store would make.
Totals two_requests(const Case& broken = {}) {
  Runs runs;
  const auto orders = orders_of(2);
  for (const First first : all_firsts)
    for (const Act a : all_acts)
      for (const Act b : all_acts)
        for (const auto& order : orders)
          runs.run({first, {a, b}, order, Attack::none, 0, broken.one_cookie, broken.keeps_id});
  return runs.totals;
}

TEST_CASE("two requests with one cookie, in every order") { check("two requests", two_requests(), 5500); }

TEST_CASE("two requests, and somebody who replays their cookie between any two steps") {
  Runs runs;
  const auto orders = orders_of(2);
  for (const First first : all_firsts) {
    if (first == First::none) continue;
    for (const Act a : all_acts)
      for (const Act b : all_acts)
        for (const auto& order : orders)
          for (const Attack attack : {Attack::read, Attack::write, Attack::login, Attack::logout})
            for (std::size_t at = 0; at < order.size(); at += long_run() ? 1 : 2)
              runs.run({first, {a, b}, order, attack, at, false});
  }
  check("two requests and an attacker", runs.totals, 60'000);
}

TEST_CASE("three requests with one cookie") {
  Runs runs;
  const auto orders = orders_of(3);
  REQUIRE(orders.size() == 1680);
  // The requests are alike, so their acts are a multiset. All of it in the long run, one order in so many else.
  const std::size_t stride = long_run() ? 1 : 13;
  std::size_t next = 0;
  for (const First first : all_firsts)
    for (std::size_t a = 0; a < all_acts.size(); ++a)
      for (std::size_t b = a; b < all_acts.size(); ++b)
        for (std::size_t c = b; c < all_acts.size(); ++c)
          for (const auto& order : orders)
            if (next++ % stride == 0) runs.run({first, {all_acts[a], all_acts[b], all_acts[c]}, order});
  check("three requests", runs.totals, long_run() ? 646'800 : 49'000);
}

TEST_CASE("with one cookie for both kinds of session logins are lost") {
  const Totals totals = two_requests({.one_cookie = true});
  report("one cookie", totals);
  CHECK(totals.violations.login_lost > 0);
}

TEST_CASE("without a new ID for a login whoever has the first cookie is let in") {
  const Totals totals = two_requests({.keeps_id = true});
  report("no new ID", totals);
  CHECK(totals.violations.let_in > 0);
}

}  // namespace
}  // namespace sess::test
