#include "sys/crypto.hpp"

#include <sess/error.hpp>

#include <sodium.h>

namespace sess::sys {

void prepare_crypto() {
  if (sodium_init() < 0) throw StoreError(StoreError::Reason::unusable, "open store: libsodium cannot be initialized");
}

}  // namespace sess::sys
