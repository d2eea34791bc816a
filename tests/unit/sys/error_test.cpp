// What errors say: operation, quoted thing, cause; lower case, no full stop.
#include <sess/error.hpp>

#include <doctest/doctest.h>

#include <cctype>
#include <cerrno>
#include <string>
#include <type_traits>

using namespace sess;

static_assert(std::is_base_of_v<Error, IoError> && std::is_base_of_v<Error, CorruptRecord>);
static_assert(std::is_base_of_v<Error, TypeMismatch> && std::is_base_of_v<Error, TooLarge>);
static_assert(std::is_base_of_v<Error, StoreError> && std::is_base_of_v<Error, UsageError>);
static_assert(std::is_base_of_v<std::runtime_error, Error>);

TEST_CASE("a failed call says the operation, the quoted path and the kernel's reason") {
  const IoError error("open", "/srv/shop/store", ENOSPC);
  CHECK(std::string(error.what()) == "open \"/srv/shop/store\": No space left on device");
  CHECK(error.operation() == "open");
  CHECK(error.path() == "/srv/shop/store");
  CHECK(error.error_number() == ENOSPC);
}

TEST_CASE("corrupt data, a wrong type and a session too large say what and why") {
  const CorruptRecord corrupt("/srv/a", "wrong checksum");
  CHECK(std::string(corrupt.what()) == "read \"/srv/a\": wrong checksum");
  CHECK(corrupt.path() == "/srv/a");
  CHECK(corrupt.why() == "wrong checksum");
  const TypeMismatch mismatch("visits", "integer", "string");
  CHECK(std::string(mismatch.what()) == "value \"visits\": wanted integer, found string");
  CHECK(mismatch.name() == "visits");
  CHECK(mismatch.wanted() == "integer");
  CHECK(mismatch.found() == "string");
  CHECK(std::string(SealedRecord("00ff").what()) ==
        "read values of session \"00ff\": it is sealed, and only its ID opens it");
  const TooLarge large(2000, 1000);
  CHECK(std::string(large.what()) == "commit session: 2000 bytes are more than the size limit of 1000 bytes");
  CHECK(large.size() == 2000);
  CHECK(large.limit() == 1000);
}

TEST_CASE("messages begin in lower case and end without a full stop") {
  const std::string messages[] = {IoError("lock", "/a", EIO).what(), CorruptRecord("/a", "why").what(),
                                  TypeMismatch("a", "b", "c").what(), TooLarge(2, 1).what()};
  for (const std::string& message : messages) {
    CAPTURE(message);
    CHECK(std::islower(static_cast<unsigned char>(message.front())) != 0);
    CHECK(message.back() != '.');
  }
}
