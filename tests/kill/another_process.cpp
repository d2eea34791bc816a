#include "another_process.hpp"

#include "support/processes.hpp"

#include <unistd.h>

#include <array>
#include <exception>
#include <stdexcept>

namespace sess::test {

namespace {

void write_all(int descriptor, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = ::write(descriptor, text.data() + done, text.size() - done);
    if (put <= 0) ::_exit(2);
    done += static_cast<std::size_t>(put);
  }
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::read(descriptor, buffer.data(), buffer.size())) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(got));
  return text;
}

}  // namespace

std::string ask_another_process(const std::function<std::string()>& question) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  Child child([&] {
    std::string answer;
    try {
      answer = question();
    } catch (const std::exception& error) {
      answer = std::string("the process that looks: ") + error.what();
    }
    write_all(ends[1], answer);
  });
  ::close(ends[1]);
  std::string answer = read_all(ends[0]);
  ::close(ends[0]);
  const int status = child.wait();
  if (status != 0) answer += "the process that looks: exit status " + std::to_string(status);
  return answer;
}

}  // namespace sess::test
