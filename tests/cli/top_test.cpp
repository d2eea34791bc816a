// sessctl top: what it counts, and that the terminal is left as it was, however it ends.
#include "cli/sessctl_program.hpp"

#include <sess/sess.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

using cli::Finished;
using cli::TestStore;
using nlohmann::json;

namespace {

constexpr std::string_view entered = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view left = "\x1b[?25h\x1b[?1049l";

/// sessctl in a terminal of its own.
class Terminal {
 public:
  Terminal(const TestStore& store, std::vector<std::string> arguments, const winsize& size = {24, 80, 0, 0}) {
    master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(master_ >= 0);
    REQUIRE(::grantpt(master_) == 0);
    REQUIRE(::unlockpt(master_) == 0);
    std::array<char, 64> name{};
    REQUIRE(::ptsname_r(master_, name.data(), name.size()) == 0);
    slave_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // stays, so that it can be asked at the end
    REQUIRE(slave_ >= 0);
    REQUIRE(::ioctl(slave_, TIOCSWINSZ, &size) == 0);
    REQUIRE(::tcgetattr(slave_, &before_) == 0);
    arguments.insert(arguments.begin(), {cli::sessctl_path(), "--store", store.path()});
    std::vector<char*> words;
    for (std::string& word : arguments) words.push_back(word.data());
    words.push_back(nullptr);
    process_ = ::fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      // The first terminal that a new session opens is its own.
      if (::setsid() < 0 || ::ioctl(slave_, TIOCSCTTY, 0) != 0) ::_exit(126);
      for (const int number : {0, 1, 2}) ::dup2(slave_, number);
      ::execv(words[0], words.data());
      ::_exit(127);
    }
  }
  ~Terminal() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
    }
    ::close(master_);
    ::close(slave_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void press(char key) const { REQUIRE(::write(master_, &key, 1) == 1); }
  void send(int signal) const { REQUIRE(::kill(process_, signal) == 0); }
  /// Reads until this has been printed, from what was read last on.
  void await(std::string_view text) {
    for (std::size_t from = read_; text_.find(text, from) == std::string::npos;) read_more();
    read_ = text_.find(text, read_) + text.size();
  }
  /// waitpid's status of the end, or of a stop.
  int wait(int options = 0) {
    int status = 0;
    REQUIRE(::waitpid(process_, &status, options) == process_);
    if (WIFSTOPPED(status)) return status;
    process_ = -1;
    // What is printed by now.
    const int flags = ::fcntl(master_, F_GETFL);
    ::fcntl(master_, F_SETFL, flags | O_NONBLOCK);
    std::array<char, 4096> piece{};
    for (ssize_t size = 0; (size = ::read(master_, piece.data(), piece.size())) > 0;)
      text_.append(piece.data(), static_cast<std::size_t>(size));
    return status;
  }
  bool is_as_before() const {
    termios now{};
    REQUIRE(::tcgetattr(slave_, &now) == 0);
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
           std::equal(std::begin(now.c_cc), std::end(now.c_cc), std::begin(before_.c_cc));
  }
  const std::string& text() const { return text_; }

 private:
  void read_more() {
    std::array<char, 4096> piece{};
    const ssize_t size = ::read(master_, piece.data(), piece.size());
    REQUIRE(size > 0);
    text_.append(piece.data(), static_cast<std::size_t>(size));
  }

  int master_ = -1;
  int slave_ = -1;
  pid_t process_ = -1;
  termios before_{};
  std::string text_;
  std::size_t read_ = 0;
};

}  // namespace

TEST_CASE("top gives the terminal back when it is ended by a key, by Ctrl-C, or by a signal") {
  const TestStore store;
  for (const int signal : {0, -SIGINT, SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    Terminal terminal(store, {"top", "--interval", "20ms"});
    terminal.await(entered);
    terminal.await("KEY ");
    CHECK_FALSE(terminal.is_as_before());
    if (signal == 0)
      terminal.press('q');
    else if (signal < 0)
      terminal.press('\x03');
    else
      terminal.send(signal);
    const int status = terminal.wait();
    if (signal == 0)
      CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
    else
      CHECK((WIFSIGNALED(status) && WTERMSIG(status) == std::abs(signal)));
    CHECK(terminal.text().ends_with(left));
    CHECK(terminal.is_as_before());
  }
}

TEST_CASE("top that is stopped by Ctrl-Z gives the terminal back meanwhile") {
  const TestStore store;
  Terminal terminal(store, {"top", "--interval", "20ms"});
  terminal.await("KEY ");
  terminal.press('\x1a');
  CHECK(WIFSTOPPED(terminal.wait(WUNTRACED)));
  CHECK(terminal.is_as_before());
  terminal.send(SIGCONT);
  terminal.await(left);
  terminal.await(entered);
  terminal.await("KEY ");
  CHECK_FALSE(terminal.is_as_before());
  terminal.press('q');
  CHECK(terminal.wait() == 0);
  CHECK(terminal.is_as_before());
}

TEST_CASE("top that ends with an error gives the terminal back first") {
  const TestStore store;
  Terminal terminal(store, {"top", "--interval", "20ms"});
  terminal.await("KEY ");
  std::filesystem::remove_all(store.path());
  const int status = terminal.wait();
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 66));
  CHECK(terminal.is_as_before());
  CHECK(terminal.text().rfind(left) < terminal.text().rfind("its directories were removed"));
}

TEST_CASE("top keeps to the terminal's width and height") {
  const TestStore store;
  std::vector<std::string> keys;
  for (int i = 0; i < 12; ++i) keys.push_back(store.create_key());
  Terminal terminal(store, {"top", "--interval", "500ms"}, {8, 40, 0, 0});
  terminal.await(entered);
  terminal.await("q ends it");
  for (const std::string& key : keys) store.ok({"set", key, "n=1"});
  terminal.await("KEY ");
  terminal.await("\x1b[J");
  terminal.press('q');
  CHECK(terminal.wait() == 0);
  const std::string& text = terminal.text();
  // Every picture goes from the first line to what is cleared below the last.
  std::size_t pictures = 0;
  for (std::size_t at = text.find("\x1b[H"); at != std::string::npos; at = text.find("\x1b[H", at + 1)) {
    const std::size_t end = text.find("\x1b[J", at);
    if (end == std::string::npos) break;
    ++pictures;
    std::string picture = text.substr(at + 3, end - at - 3);
    for (std::size_t clear = picture.find("\x1b[K"); clear != std::string::npos; clear = picture.find("\x1b[K"))
      picture.erase(clear, 3);
    std::erase(picture, '\r');
    const auto lines = cli::lines(picture);
    CHECK(lines.size() <= 8);
    for (const std::string& line : lines) CHECK(line.size() <= 40);
  }
  CHECK(pictures >= 2);
}

TEST_CASE("top without a terminal prints what it has counted, as text or as JSON") {
  const TestStore store;
  const Finished text = store.run({"top", "--count", "2", "--interval", "20ms"});
  CHECK(text.code == 0);
  CHECK(text.out.find('\x1b') == std::string::npos);
  CHECK(std::ranges::count(cli::lines(text.out), std::string()) == 3);  // between the looks, and one in each
  const auto lines = cli::lines(store.ok({"top", "--count", "2", "--interval", "20ms", "--json"}));
  REQUIRE(lines.size() == 2);
  const json look = json::parse(lines[1]);
  for (const char* field : {"path", "end", "interval_ms", "records", "locked", "waiters", "created", "committed",
                            "renewed", "replaced", "ended", "expired", "quarantined", "lost", "sessions"})
    CHECK(look.contains(field));
  CHECK(look.at("interval_ms") >= 20);
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"top", "extra"}, {"top", "--count", "0"}, {"top", "--interval", "1ms"}, {"top", "--limit", "no"}})
    cli::check_usage_error(store.run(arguments));
}

TEST_CASE("top counts changes, and names who holds a lock and how many wait") {
  const TestStore store;
  const std::string key = store.create_key({"n:=0"});
  const std::string other = store.create_key();
  cli::Start start = store.start({"top", "--json", "--interval", "1500ms", "--count", "1"});
  cli::Running running(start);
  // Its first look ends long after these; what happens before it has begun is not counted.
  const auto opened = sess::Store::open(store.path());
  const auto locked = opened.lock(*sess::SessionKey::parse(key));
  REQUIRE(locked);
  const Finished finished = running.wait();
  REQUIRE(finished.code == 0);
  const json look = json::parse(finished.out);
  CHECK(look.at("records") == 2);
  CHECK(look.at("locked") == 1);
  REQUIRE_FALSE(look.at("sessions").empty());
  const json session = look.at("sessions").at(0);
  CHECK(session.at("key") == key);
  REQUIRE(session.at("holders").size() == 1);
  CHECK(session.at("holders").at(0).at("pid") == ::getpid());
}
