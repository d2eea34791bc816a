// What is replayed: a timeline is a small story of one browser, told in every order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "demo/replay/gate_keeper.hpp"
#include "demo/replay/http_client.hpp"

namespace demo {

/// One way to reach one variant of the site.
struct Target {
  std::string keeper;  // "naive", "libsess"
  /// What the program's addresses begin with, such as "/fcgi". Several are programs on one store, and requests that are
  /// under way at the same time go to different ones of them.
  std::vector<std::string> prefixes;
  /// Of a program on the same store: what goes before the story itself is asked there.
  std::string preparation;

  /// Such as "/cgi+/fcgi".
  std::string channel() const;
};

/// Counts of one order or of one target.
struct Counts {
  std::uint64_t replays = 0;
  std::uint64_t requests = 0;
  std::uint64_t lost_updates = 0;
  std::uint64_t wrong_logouts = 0;
  std::uint64_t wrong_captchas = 0;
  std::uint64_t resurrections = 0;
  std::uint64_t wrong_data = 0;  // another user's, or a dead session's
  std::uint64_t errors = 0;      // no answer, or one that no story expects

  std::uint64_t faults() const noexcept {
    return lost_updates + wrong_logouts + wrong_captchas + resurrections + wrong_data + errors;
  }
  Counts& operator+=(const Counts& other) noexcept;
};

/// What one thread replays with: a connection for each of two requests under way at once.
class Lane {
 public:
  Lane(const Address& address, GateKeeper& gate, const Target& target);

  /// Asks and waits; counts the request, and an error if the status is not 200.
  Reply ask(Counts& counts, const std::string& path, Jar& jar, bool post = false, const std::string& form = {});
  /// The same over the faster channel.
  Reply prepare(Counts& counts, const std::string& path, Jar& jar, const std::string& form = {});

  /// Lets two requests take their steps in a given order; see Interleaving.
  std::array<Reply, 2> race(Counts& counts, std::array<Question, 2> questions, const struct Interleaving& order,
                            Jar& jar);

 private:
  Reply send(Counts& counts, HttpClient& client, const Question& question);

  GateKeeper& gate_;
  Target target_;
  std::array<std::unique_ptr<HttpClient>, 2> clients_;
};

/// An order of the steps of two requests: each loads, each saves, each answer reaches the browser.
struct Interleaving {
  std::array<std::size_t, 4> steps;  // whose step it is; the first of a request loads, the second saves
  std::size_t first_answer;          // whose answer reaches the browser first

  /// The steps with the requests' names, such as "info loads, login loads, info saves, login saves; info, login".
  std::string words(const std::array<std::string, 2>& names) const;
};

/// All 12; without answers that matter, all 6.
std::vector<Interleaving> interleavings(bool with_answers);

/// Told over and over, in all of its cases equally often. One object is used by several threads at once.
class Timeline {
 public:
  Timeline() = default;
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;
  virtual ~Timeline() = default;

  virtual std::string title() const = 0;
  /// The fault that the naive store must show.
  virtual std::uint64_t proof(const Counts& counts) const = 0;
  virtual std::size_t case_count() const = 0;
  /// What stands in the list of orders for this case; several cases may share it.
  virtual std::string order(std::size_t number) const = 0;
  /// Once for each target: `cases` are those that will be replayed.
  virtual void prepare(Lane& lane, const std::vector<std::size_t>& cases, Counts& counts);
  /// The replay at this place of the list of cases.
  virtual void replay(Lane& lane, std::size_t place, std::size_t number, Counts& counts) = 0;
};

std::unique_ptr<Timeline> expired_cookie();
std::unique_ptr<Timeline> lost_captcha();
std::unique_ptr<Timeline> logout_in_flight();
/// `address`: it opens `increments` connections of its own.
std::unique_ptr<Timeline> concurrent_increments(const Address& address, const Target& target, std::size_t increments);

/// A JSON reply's members as text: a string without its quotation marks, else as JSON; "" if it is not there.
std::string member(const Reply& reply, const std::string& name);

}  // namespace demo
