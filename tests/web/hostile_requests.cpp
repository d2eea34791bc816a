#include "web/hostile_requests.hpp"

#include <algorithm>
#include <array>

namespace sess::test {

namespace {

using namespace std::string_literals;

const std::array pieces{""s,
                        " "s,
                        "\t"s,
                        ";"s,
                        "; "s,
                        ","s,
                        "="s,
                        "=="s,
                        "\""s,
                        "\"\""s,
                        "\\"s,
                        "\r\n"s,
                        "\r"s,
                        "\n"s,
                        "\0"s,
                        "\x7f"s,
                        "\x80"s,
                        "\xff\xfe"s,
                        "\xc3\xa4"s,
                        "%0d%0a"s,
                        "%00"s,
                        "%"s,
                        "%zz"s,
                        "$Version=1"s,
                        "Path=/"s,
                        "__Host-"s,
                        "__Secure-"s,
                        "__hOsT-"s,
                        "../../etc/passwd"s,
                        "<script>"s,
                        "' OR 1=1"s,
                        "\r\nSet-Cookie: sid=evil"s,
                        "\r\n\r\n<html>"s,
                        "//elsewhere.example/"s,
                        "\\\\elsewhere"s,
                        "javascript:alert(1)"s,
                        "http://elsewhere.example/"s,
                        "&"s,
                        "?"s,
                        "#"s,
                        "a=b"s,
                        "n=1"s,
                        "s="s};

const std::array methods{"GET"s, "POST"s, "HEAD"s, "PUT"s, "get"s, ""s, "G\r\nET"s, "OPTIONS"s, "\0"s, "DELETE"s};

}  // namespace

/// Something cut, doubled, swapped or put between.
std::string HostileRequests::bent(std::string text) {
  for (std::size_t turns = below(3); turns > 0 && !text.empty(); --turns) {
    const std::size_t at = below(text.size());
    switch (below(6)) {
      case 0:
        text[at] = static_cast<char>(random_());
        break;
      case 1:
        text.resize(at);
        break;
      case 2:
        text.insert(at, one_of(pieces));
        break;
      case 3:
        text += text.substr(at);
        break;
      case 4:
        text[at] = static_cast<char>(text[at] ^ 0x20);
        break;
      default:
        std::swap(text[at], text[below(text.size())]);
    }
  }
  return text;
}

std::string HostileRequests::piece() {
  if (one_in(2)) return bent(one_of(known_));
  if (one_in(50)) return std::string(below(70'000), static_cast<char>('a' + below(26)));
  if (one_in(20)) {
    std::string bytes(below(40), '\0');
    std::ranges::generate(bytes, [this] { return static_cast<char>(random_()); });
    return bytes;
  }
  return one_of(pieces);
}

std::string HostileRequests::cookie_header() {
  std::string header;
  const std::size_t pairs = one_in(40) ? below(500) : below(6);
  for (std::size_t i = 0; i < pairs; ++i) {
    // Mostly pairs, or nothing would come far.
    header += one_in(4) ? piece() : one_of(known_);
    header += one_in(8) ? piece() : "=";
    header += one_in(3) ? piece() : one_of(known_);
    header += one_in(6) ? piece() : "; ";
  }
  return header;
}

std::string HostileRequests::address() {
  std::string address = one_in(4) ? "" : "/";
  for (std::size_t parts = below(5); parts > 0; --parts) address += piece();
  return address;
}

std::string HostileRequests::number() {
  static const std::array numbers{"0"s,
                                  "1"s,
                                  "-1"s,
                                  "+1"s,
                                  "1e3"s,
                                  "0x10"s,
                                  " 1"s,
                                  "1 "s,
                                  "18446744073709551616"s,
                                  "99999999999999999999"s,
                                  "2147483648"s,
                                  "NaN"s,
                                  ""s,
                                  "1\r\n"s,
                                  "00000001"s,
                                  "12"s};
  return one_of(numbers);
}

std::map<std::string, std::string> HostileRequests::environment() {
  std::map<std::string, std::string> variables{{"HTTP_COOKIE", cookie_header()}};
  const auto maybe = [&](const char* name, const std::string& value) {
    if (!one_in(3)) variables[name] = value;
  };
  maybe("REQUEST_METHOD", one_in(3) ? piece() : one_of(methods));
  maybe("PATH_INFO", address());
  maybe("SCRIPT_NAME", address());
  maybe("REQUEST_URI", address());
  maybe("QUERY_STRING", one_in(2) ? "s=" + piece() + "&x=" + piece() : piece() + piece());
  maybe("CONTENT_LENGTH", number());
  maybe("CONTENT_TYPE", one_in(2) ? "application/x-www-form-urlencoded" : piece());
  maybe("HTTPS", piece());
  maybe("REMOTE_ADDR", piece());
  maybe("HTTP_X_CSRF_TOKEN", piece());
  maybe("HTTP_HOST", piece());
  return variables;
}

}  // namespace sess::test
