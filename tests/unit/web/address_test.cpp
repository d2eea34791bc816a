#include "web/address.hpp"

#include <doctest/doctest.h>

namespace sess::test {
namespace {

TEST_CASE("references that may lead to another host are known") {
  for (const char* own :
       {"", "/", "/a", "/a/b?c=d#e", "a", "./a", "../a", "?x=1", "#top", "/a:b", "a/b:c", "/a?u=http://x", "?u=//x"})
    CHECK_MESSAGE(web::stays_on_host(own), own);
  for (const char* other : {"//a", "///a", "http://a/", "HTTP:a", "javascript:alert(1)", "mailto:a", "\\\\a", "/\\a",
                            "a\\b", "\t//a", " //a", "/\t/a", "/\n/a", "h\nttp://a", "a:b"})
    CHECK_MESSAGE(!web::stays_on_host(other), other);
}

TEST_CASE("a parameter is taken out of a reference, whatever way it is written") {
  CHECK(web::without_parameter("/a?s=1", "s") == "/a");
  CHECK(web::without_parameter("/a?s=1&b=2#c?s=3", "s") == "/a?b=2#c?s=3");
  CHECK(web::without_parameter("/a?b=2&%73=1&s&ss=3", "s") == "/a?b=2&ss=3");
  CHECK(web::without_parameter("/a?", "s") == "/a");
  CHECK(web::without_parameter("/s=1", "s") == "/s=1");
  CHECK(web::without_parameter("", "s").empty());
}

TEST_CASE("a parameter is put where it belongs") {
  CHECK(web::with_parameter("/a", "?s", "&s") == "/a?s");
  CHECK(web::with_parameter("/a#b?c", "?s", "&s") == "/a?s#b?c");
  CHECK(web::with_parameter("/a?b=1#c", "?s", "&s") == "/a?b=1&s#c");
  CHECK(web::with_parameter("/a?#c", "?s", "&s") == "/a?s#c");
  CHECK(web::with_parameter("", "?s", "&s") == "?s");
}

}  // namespace
}  // namespace sess::test
