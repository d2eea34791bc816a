// Outcomes and errors of the C interface.
#include "capi/handles.hpp"

#include <sess/version.hpp>

#include <new>
#include <system_error>

namespace sess::capi {

namespace {

struct LastError {
  std::string message;
  int status = SESS_OK;
  int number = 0;
};

LastError& last_error() {
  thread_local LastError error;
  return error;
}

int keep(int status, const char* message, int number = 0) noexcept {
  LastError& last = last_error();
  last.status = status;
  last.number = number;
  last.message.clear();  // what was kept would be of another error
  try {
    last.message = message;
  } catch (...) {
    // No memory for the sentence: sess_error_message answers the word.
  }
  return status;
}

}  // namespace

int caught() noexcept {
  try {
    throw;
  } catch (const UsageError& error) {
    return keep(SESS_ERROR_USAGE, error.what());
  } catch (const IoError& error) {
    return keep(SESS_ERROR_IO, error.what(), error.error_number());
  } catch (const CorruptRecord& error) {
    return keep(SESS_ERROR_CORRUPT, error.what());
  } catch (const UnsupportedRecord& error) {
    return keep(SESS_ERROR_UNSUPPORTED, error.what());
  } catch (const SealedRecord& error) {
    return keep(SESS_ERROR_SEALED, error.what());
  } catch (const TypeMismatch& error) {
    return keep(SESS_ERROR_TYPE, error.what());
  } catch (const TooLarge& error) {
    return keep(SESS_ERROR_TOO_LARGE, error.what());
  } catch (const StoreError& error) {
    return keep(SESS_ERROR_STORE, error.what());
  } catch (const std::bad_alloc&) {
    return keep(SESS_ERROR_MEMORY, "out of memory");
  } catch (const std::system_error& error) {
    return keep(SESS_ERROR_IO, error.what(), error.code().value());  // a thread that could not be started
  } catch (const std::exception& error) {
    return keep(SESS_ERROR_UNKNOWN, error.what());
  } catch (...) {
    return keep(SESS_ERROR_UNKNOWN, "an exception that is none of the library's");
  }
}

void forget_error() noexcept {
  LastError& last = last_error();
  last.status = SESS_OK;
  last.number = 0;
  last.message.clear();
}

int number_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::ok:
      return SESS_OK;
    case Outcome::absent:
      return SESS_ABSENT;
    case Outcome::expired:
      return SESS_EXPIRED;
    case Outcome::superseded:
      return SESS_SUPERSEDED;
    case Outcome::busy:
      return SESS_BUSY;
    case Outcome::conflict:
      return SESS_CONFLICT;
    case Outcome::gone:
      return SESS_GONE;
    case Outcome::not_renewed:
      return SESS_NOT_RENEWED;
    case Outcome::durability_unknown:
      return SESS_DURABILITY_UNKNOWN;
    case Outcome::limit_reached:
      return SESS_LIMIT_REACHED;
  }
  return SESS_ERROR_UNKNOWN;
}

}  // namespace sess::capi

using namespace sess::capi;

int sess_abi_version(void) { return SESS_ABI_VERSION; }

const char* sess_version(void) { return sess::version().data(); }

const char* sess_status_name(int status) {
  switch (status) {
    case SESS_OK:
      return "ok";
    case SESS_DURABILITY_UNKNOWN:
      return "durability unknown";
    case SESS_ABSENT:
      return "absent";
    case SESS_EXPIRED:
      return "expired";
    case SESS_SUPERSEDED:
      return "superseded";
    case SESS_GONE:
      return "gone";
    case SESS_BUSY:
      return "busy";
    case SESS_NOT_RENEWED:
      return "not renewed";
    case SESS_CONFLICT:
      return "conflict";
    case SESS_LIMIT_REACHED:
      return "limit reached";
    case SESS_ROLLED_BACK:
      return "rolled back";
    case SESS_ERROR_USAGE:
      return "usage error";
    case SESS_ERROR_IO:
      return "I/O error";
    case SESS_ERROR_CORRUPT:
      return "corrupt record";
    case SESS_ERROR_UNSUPPORTED:
      return "unsupported record";
    case SESS_ERROR_SEALED:
      return "sealed record";
    case SESS_ERROR_TYPE:
      return "type mismatch";
    case SESS_ERROR_TOO_LARGE:
      return "too large";
    case SESS_ERROR_STORE:
      return "store error";
    case SESS_ERROR_MEMORY:
      return "out of memory";
    default:
      return "unknown";
  }
}

const char* sess_error_message(void) {
  const LastError& last = last_error();
  return last.message.empty() && last.status != SESS_OK ? sess_status_name(last.status) : last.message.c_str();
}

int sess_error_number(void) { return last_error().number; }
