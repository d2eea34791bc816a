// libsodium's preparation: it looks at the processor and opens the kernel's source of chance.
#pragma once

namespace sess::sys {

/// Chooses the fastest BLAKE2b. Idempotent and thread-safe. Throws StoreError if libsodium cannot work here.
void prepare_crypto();

}  // namespace sess::sys
