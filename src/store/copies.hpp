// A version of a record as it is given away (sess/transfer.hpp).
#pragma once

#include "backend/record_store.hpp"

#include <sess/transfer.hpp>

namespace sess {

/// Throws CorruptRecord where the values cannot be decoded.
SessionCopy copy_of(const backend::Version& version);

}  // namespace sess
