#include "web/fastcgi_head.hpp"

#include <doctest/doctest.h>

#include <string>

#include "support/fastcgi_client.hpp"

namespace sess::fcgi {
namespace {

constexpr std::size_t end_of_body = 8;

TEST_CASE("the head of a FastCGI request is whole with the record that ends its parameters, and not before") {
  const std::string request = test::FastcgiClient::records({{"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", "/a"}});
  const std::string head = request.substr(0, request.size() - end_of_body);
  for (std::size_t size = 0; size < head.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(holds_head(head.substr(0, size)));
  }
  CHECK(holds_head(head));
  CHECK(holds_head(request));
}

TEST_CASE("what is no FastCGI request has no whole head") {
  const std::string head = test::FastcgiClient::records({{"REQUEST_METHOD", "GET"}});
  CHECK_FALSE(holds_head(std::string(100, '\0')));
  CHECK_FALSE(holds_head(std::string(100, 'x')));
  CHECK_FALSE(holds_head(head.substr(16)));  // without the record that begins it
  CHECK_FALSE(holds_head(head.substr(0, 16) + head));
  std::string other = head;
  other[16 + 3] = 2;  // the parameters are another request's
  CHECK_FALSE(holds_head(other));
  std::string newer = head;
  newer[16] = 2;
  CHECK_FALSE(holds_head(newer));
}

TEST_CASE("padding belongs to the head of a FastCGI request") {
  std::string head = test::FastcgiClient::records({});
  head = head.substr(0, 16) + std::string("\1\4\0\1\0\0\3\0", 8);
  CHECK_FALSE(holds_head(head));
  CHECK_FALSE(holds_head(head + "ab"));
  CHECK(holds_head(head + "abc"));
}

}  // namespace
}  // namespace sess::fcgi
