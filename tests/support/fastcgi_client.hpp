// As much of a FastCGI client (FastCGI 1.0, sections 3 to 5) as it takes to ask a program one request after another.
#pragma once

#include <map>
#include <string>

namespace sess::test {

class FastcgiClient {
 public:
  /// Connects to the UNIX socket at this path; throws std::runtime_error if nobody listens.
  explicit FastcgiClient(const std::string& socket_path);
  FastcgiClient(const FastcgiClient&) = delete;
  FastcgiClient& operator=(const FastcgiClient&) = delete;
  ~FastcgiClient();

  /// What becomes of the connection after the answer.
  enum class Connection : char { closed = 0, kept = 1 };
  /// The records of a request; the last 8 bytes end its body.
  static std::string records(const std::map<std::string, std::string>& variables, const std::string& body = {},
                             Connection connection = Connection::closed);

  void send(const std::map<std::string, std::string>& variables, const std::string& body = {}) {
    send_bytes(records(variables, body));
  }
  void send_bytes(const std::string& bytes);
  /// What the program wrote to its standard output. Throws std::runtime_error if it ends before the request does.
  std::string receive();

 private:
  int descriptor_;
};

}  // namespace sess::test
