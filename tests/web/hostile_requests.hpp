// Requests as nobody should send them: Cookie headers and environments, each made from a seed.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace sess::test {

class HostileRequests {
 public:
  /// `known` are texts to be bent: names of cookies, IDs.
  HostileRequests(std::uint64_t seed, std::vector<std::string> known) : random_(seed), known_(std::move(known)) {}

  std::string cookie_header();
  /// CGI's variables, HTTP_COOKIE among them.
  std::map<std::string, std::string> environment();

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <class List>
  auto one_of(const List& list) {
    return list[below(std::size(list))];
  }
  std::string piece();
  std::string bent(std::string text);
  std::string address();
  std::string number();

  std::mt19937_64 random_;
  std::vector<std::string> known_;
};

}  // namespace sess::test
