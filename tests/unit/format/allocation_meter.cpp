#include "allocation_meter.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

struct Count {
  bool running = false;
  std::size_t largest = 0;
  std::size_t alive = 0;
  std::size_t highest = 0;
};
thread_local Count count;

// Each block begins with its size, so that freeing it can be counted.
constexpr std::size_t prefix = alignof(std::max_align_t);
static_assert(prefix >= sizeof(std::size_t));

void* allocate(std::size_t size) noexcept {
  if (size > SIZE_MAX - prefix) return nullptr;
  void* block = std::malloc(prefix + size);
  if (block == nullptr) return nullptr;
  *static_cast<std::size_t*>(block) = size;
  if (count.running) {
    count.largest = std::max(count.largest, size);
    count.alive += size;
    count.highest = std::max(count.highest, count.alive);
  }
  return static_cast<char*>(block) + prefix;
}

void release(void* pointer) noexcept {
  if (pointer == nullptr) return;
  char* block = static_cast<char*>(pointer) - prefix;
  if (count.running) {
    const std::size_t size = *reinterpret_cast<std::size_t*>(block);
    count.alive -= std::min(count.alive, size);  // it may be from before the count began
  }
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* pointer = allocate(size)) return pointer;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return ::operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* pointer) noexcept { release(pointer); }
void operator delete[](void* pointer) noexcept { release(pointer); }
void operator delete(void* pointer, std::size_t) noexcept { release(pointer); }
void operator delete[](void* pointer, std::size_t) noexcept { release(pointer); }
void operator delete(void* pointer, const std::nothrow_t&) noexcept { release(pointer); }
void operator delete[](void* pointer, const std::nothrow_t&) noexcept { release(pointer); }

namespace sess::test {

AllocationMeter::AllocationMeter() noexcept {
  count = {};
  count.running = true;
}
AllocationMeter::~AllocationMeter() { count.running = false; }
std::size_t AllocationMeter::largest() const noexcept { return count.largest; }
std::size_t AllocationMeter::highest() const noexcept { return count.highest; }

}  // namespace sess::test
