// Memory that runs out: one allocation of a piece of work fails. Replaces the operators new of the program, so of each
// program exactly one source includes this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>

namespace sess::test {

/// The allocations of one thread that count, and the one of them that fails.
struct Injection {
  bool armed = false;
  int suspended = 0;
  std::uint64_t left = 0;  // until the one that fails
  bool fired = false;
};
inline thread_local Injection injection;

/// True for the allocation that is to fail.
inline bool allocation_fails() noexcept {
  if (!injection.armed || injection.fired || injection.suspended > 0) return false;
  injection.fired = injection.left == 0;
  if (!injection.fired) --injection.left;
  return injection.fired;
}

inline void* allocate(std::size_t size) noexcept {
  return allocation_fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

/// The test's own allocations are not the library's.
struct Suspended {
  Suspended() { ++injection.suspended; }
  Suspended(const Suspended&) = delete;
  Suspended& operator=(const Suspended&) = delete;
  ~Suspended() { --injection.suspended; }
};

/// Runs `work`, in which the allocation of this number fails. True if there was such a one.
inline bool run_without(std::uint64_t number, const std::function<void()>& work) {
  struct Armed {
    explicit Armed(std::uint64_t of) { injection = {.armed = true, .left = of}; }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;
    ~Armed() { injection.armed = false; }
  };
  {
    const Armed armed(number);
    work();
  }
  return injection.fired;
}

}  // namespace sess::test

void* operator new(std::size_t size) {
  if (void* pointer = sess::test::allocate(size)) return pointer;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return ::operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return sess::test::allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return sess::test::allocate(size); }
void operator delete(void* pointer) noexcept { std::free(pointer); }
void operator delete[](void* pointer) noexcept { std::free(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { std::free(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { std::free(pointer); }
void operator delete(void* pointer, const std::nothrow_t&) noexcept { std::free(pointer); }
void operator delete[](void* pointer, const std::nothrow_t&) noexcept { std::free(pointer); }
