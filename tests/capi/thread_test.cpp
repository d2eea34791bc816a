// Threads and FastCGI programs that cannot be started or cannot go on: the C interface says why.
#include <doctest/doctest.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <sess/fcgi.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <string>

#include "capi/c_store.hpp"
#include "support/fastcgi_client.hpp"
#include "support/processes.hpp"

namespace sess::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_reserved = true;  // by the sanitizer, in any amount
#else
constexpr bool memory_is_reserved = false;
#endif

/// From here on this process gets hardly any memory more, and no stack for a thread.
void forbid_stacks() {
  std::ifstream file("/proc/self/statm");
  rlim_t pages = 0;
  file >> pages;
  const rlim_t size = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (rlim_t{1} << 20);
  const rlimit limit{.rlim_cur = size, .rlim_max = size};
  // Larger than what is left of threads of other tests, which the C library would use again.
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, std::size_t{64} << 20);
  if (::pthread_setattr_default_np(&attributes) != 0 || ::setrlimit(RLIMIT_AS, &limit) != 0)
    throw std::runtime_error("cannot limit memory");
}

void expect(int status, int number) {
  if (status != SESS_ERROR_IO || sess_error_number() != number)
    throw std::runtime_error(std::to_string(status) + ", " + std::to_string(sess_error_number()) + ": " +
                             sess_error_message());
}

int answer(sess_request*, sess_response* response, void*) { return sess_response_printf(response, "answered"); }

TEST_CASE("a thread that cannot be started is an I/O error with its number" * doctest::skip(memory_is_reserved)) {
  const CStore store;
  const TemporaryDirectory directory;
  const int socket = FCGX_OpenSocket((directory / "socket").c_str(), 16);
  REQUIRE(socket >= 0);
  Child child([&] {
    forbid_stacks();
    sess_gc_thread* sweeper = nullptr;
    expect(sess_gc_thread_start(store.get(), 1000, 1000, &sweeper), EAGAIN);
    sess_fcgi_options options;
    sess_fcgi_options_init(&options, sizeof options);
    options.socket = socket;
    options.threads = 2;
    expect(sess_fcgi_run(store.get(), answer, nullptr, nullptr, &options), EAGAIN);
  });
  CHECK(child.wait() == 0);
  ::close(socket);
}

/// Puts something at which nobody can listen, and which has ended, in the place of the listening socket.
int replace_socket(sess_request* request, sess_response* response, void* data) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return 1;
  ::dup2(ends[0], *static_cast<int*>(data));
  ::close(ends[0]);
  ::close(ends[1]);
  errno = 0;
  return answer(request, response, nullptr);
}

TEST_CASE("the error number of a FastCGI program that could accept nothing was that of another call") {
  const CStore store;
  const TemporaryDirectory directory;
  const std::string path = directory / "socket";
  int socket = FCGX_OpenSocket(path.c_str(), 16);
  REQUIRE(socket >= 0);
  Child child([&] {
    sess_fcgi_options options;
    sess_fcgi_options_init(&options, sizeof options);
    options.socket = socket;
    expect(sess_fcgi_run(store.get(), replace_socket, &socket, nullptr, &options), ENOTSOCK);
  });
  ::close(socket);
  FastcgiClient client(path);
  client.send({});
  CHECK(client.receive().ends_with("answered"));
  CHECK(child.wait() == 0);
}

}  // namespace
}  // namespace sess::test
