#include "cli/pseudo_terminal.hpp"

#include "cli/sessctl_program.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <regex>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cli {

doctest::skip needs_terminal() {
  static const bool are_there = [] {
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const bool opened = master >= 0 && ::grantpt(master) == 0 && ::unlockpt(master) == 0;
    if (master >= 0) ::close(master);
    if (!opened) std::cerr << "SKIPPED: there are no pseudo-terminals, so output to a terminal is not tested\n";
    return opened;
  }();
  return doctest::skip(!are_there);
}

PseudoTerminal::PseudoTerminal(const TerminalStart& start) {
  master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(master_ >= 0);
  REQUIRE(::grantpt(master_) == 0);
  REQUIRE(::unlockpt(master_) == 0);
  std::array<char, 64> name{};
  REQUIRE(::ptsname_r(master_, name.data(), name.size()) == 0);
  slave_ = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);  // stays, so that it can be asked at the end
  REQUIRE(slave_ >= 0);
  REQUIRE(::ioctl(slave_, TIOCSWINSZ, &start.size) == 0);
  REQUIRE(::tcgetattr(slave_, &before_) == 0);
  std::vector<std::string> words = start.arguments;
  words.insert(words.begin(), sessctl_path());
  std::vector<std::string> settings{"PATH=" + std::string(std::getenv("PATH")), "TERM=xterm"};
  for (const auto& setting : start.environment) {
    const std::string begin = setting.first + "=";
    std::erase_if(settings, [&](const std::string& each) { return each.starts_with(begin); });
    settings.push_back(begin + setting.second);
  }
  const auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> environment = pointers(settings);
  process_ = ::fork();
  REQUIRE(process_ >= 0);
  if (process_ == 0) {
    // The first terminal that a new session opens is its own.
    if (::setsid() < 0 || ::ioctl(slave_, TIOCSCTTY, 0) != 0) ::_exit(126);
    for (const int number : {0, 1, 2}) ::dup2(number == 0 && start.input >= 0 ? start.input : slave_, number);
    ::execve(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }
}

PseudoTerminal::~PseudoTerminal() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(master_);
  ::close(slave_);
}

void PseudoTerminal::press(char key) const { REQUIRE(::write(master_, &key, 1) == 1); }

void PseudoTerminal::send(int signal) const { REQUIRE(::kill(process_, signal) == 0); }

void PseudoTerminal::resize(const winsize& size) const { REQUIRE(::ioctl(slave_, TIOCSWINSZ, &size) == 0); }

void PseudoTerminal::await(std::string_view text) {
  for (std::size_t from = read_; text_.find(text, from) == std::string::npos;) REQUIRE(read_more(true));
  read_ = text_.find(text, read_) + text.size();
}

bool PseudoTerminal::has_printed(std::string_view text) {
  while (read_more(false)) {
  }
  return text_.find(text, read_) != std::string::npos;
}

int PseudoTerminal::wait(int options) {
  // Reads beside it: a terminal that nobody reads from fills up, and what prints to it waits.
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(process_, &status, options | WNOHANG);
    REQUIRE(ended >= 0);
    if (ended == process_) break;
    pollfd readable{master_, POLLIN, 0};
    ::poll(&readable, 1, 10);
    while (read_more(false)) {
    }
  }
  while (read_more(false)) {
  }
  if (!WIFSTOPPED(status)) process_ = -1;
  return status;
}

bool PseudoTerminal::is_as_before() const {
  termios now{};
  REQUIRE(::tcgetattr(slave_, &now) == 0);
  return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag && now.c_oflag == before_.c_oflag &&
         std::equal(std::begin(now.c_cc), std::end(now.c_cc), std::begin(before_.c_cc));
}

bool PseudoTerminal::read_more(bool may_wait) {
  pollfd readable{master_, POLLIN, 0};
  if (!may_wait && ::poll(&readable, 1, 0) <= 0) return false;
  std::array<char, 4096> piece{};
  const ssize_t size = ::read(master_, piece.data(), piece.size());
  if (size <= 0) return false;
  text_.append(piece.data(), static_cast<std::size_t>(size));
  return true;
}

std::string shown(const TerminalStart& start, int code) {
  PseudoTerminal terminal(start);
  const int status = terminal.wait();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == code);
  CHECK(terminal.is_as_before());
  std::string text = terminal.text();
  std::erase(text, '\r');
  return text;
}

std::string without_sequences(const std::string& text) {
  static const std::regex sequence("\x1b\\[[0-9;?]*[a-zA-Z]");
  return std::regex_replace(text, sequence, "");
}

}  // namespace cli
