// A store in a directory of its own, under a clock that the test moves, and browsers that visit it.
#pragma once

#include <sess/sess.hpp>
#include <sess/web/request_session.hpp>
#include <sess/web/runner.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/processes.hpp"
#include "support/temporary_directory.hpp"

namespace sess::test {

/// The cookies of one browser.
class Browser {
 public:
  /// Takes what a response sets, and forgets what it removes.
  void receive(const std::vector<std::string>& set_cookie);
  /// The same of a whole answer, as a runner gives it: every Set-Cookie line of its head.
  void receive_answer(const std::string& answer);
  std::string header() const;
  bool has(const std::string& name) const { return cookies_.contains(name); }
  const std::string& value(const std::string& name) const { return cookies_.at(name); }

 private:
  std::map<std::string, std::string> cookies_;
};

class Site {
 public:
  /// What is random in it follows from `seed`: two sites of one seed have the same secrets.
  explicit Site(const StoreOptions& options = {}, std::uint64_t seed = 1);

  Store& store() { return store_; }
  const std::string& path() const { return path_; }
  void advance(std::chrono::milliseconds time) { clock_.add(time.count()); }
  /// How often the data of a file has been synced.
  std::int64_t syncs() const { return syncs_.value(); }
  /// The next removal of a file fails with EIO.
  void fail_next_unlink() { unlinks_to_fail_.set(1); }

  /// A session of a request that carries this browser's cookies; not started.
  web::RequestSession request(const Browser& browser) { return {store_, cookies_, browser.header()}; }
  web::RequestSession request(const std::string& header) { return {store_, cookies_, header}; }
  /// A whole request: start, `work`, finish. The browser receives what it sets.
  Status visit(Browser& browser, const std::function<void(web::RequestSession&)>& work);

  /// The live session of this browser with this cookie.
  Result<Snapshot> session(const Browser& browser, const std::string& cookie = "sid");
  std::vector<SessionEntry> sessions();

 private:
  // In memory where there is a tmpfs: these tests ask for many syncs, and what they survive is tested elsewhere.
  TemporaryDirectory directory_{file_systems().back()};
  std::string path_ = directory_ / "store";
  SharedCounter clock_;
  SharedCounter draws_;
  SharedCounter syncs_;
  SharedCounter unlinks_to_fail_;
  Store store_;
  std::shared_ptr<const web::SessionCookies> cookies_;
};

/// What runners in these tests use: cookies that do not need HTTPS.
web::RunOptions run_options();

/// Reads a request's body from a text.
web::BodyReader body_of(std::string text);

}  // namespace sess::test
