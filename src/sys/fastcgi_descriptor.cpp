#include "sys/fastcgi_descriptor.hpp"

#include <unistd.h>

namespace sess::sys {

void FastcgiDescriptor::reset() noexcept {
  if (descriptor_ >= 0) ::close(release());
}

}  // namespace sess::sys
