// How much a piece of code allocates. The operators new of the whole test program are replaced for it.
#pragma once

#include <cstddef>

namespace sess::test {

/// Counts what the calling thread asks of operator new while this lives. Not nested.
class AllocationMeter {
 public:
  AllocationMeter() noexcept;
  AllocationMeter(const AllocationMeter&) = delete;
  AllocationMeter& operator=(const AllocationMeter&) = delete;
  ~AllocationMeter();

  std::size_t largest() const noexcept;  // single request, in bytes
  std::size_t highest() const noexcept;  // most that was alive at a time, in bytes
};

}  // namespace sess::test
