#include <sess/error.hpp>

#include <fmt/format.h>

#include <system_error>

namespace sess {

// Out of line, so that the type information of each class exists once.
Error::~Error() = default;
IoError::~IoError() = default;
CorruptRecord::~CorruptRecord() = default;
UnsupportedRecord::~UnsupportedRecord() = default;
SealedRecord::~SealedRecord() = default;
TypeMismatch::~TypeMismatch() = default;
TooLarge::~TooLarge() = default;
StoreError::~StoreError() = default;
UsageError::~UsageError() = default;

IoError::IoError(std::string operation, std::string path, int error_number)
    : Error(fmt::format("{} \"{}\": {}", operation, path, std::generic_category().message(error_number))),
      operation_(std::move(operation)),
      path_(std::move(path)),
      error_number_(error_number) {}

CorruptRecord::CorruptRecord(std::string path, std::string why)
    : Error(fmt::format("read \"{}\": {}", path, why)), path_(std::move(path)), why_(std::move(why)) {}

UnsupportedRecord::UnsupportedRecord(std::string path, std::string why)
    : Error(fmt::format("read \"{}\": {}", path, why)), path_(std::move(path)), why_(std::move(why)) {}

SealedRecord::SealedRecord(const std::string& key)
    : Error(fmt::format("read values of session \"{}\": it is sealed, and only its ID opens it", key)) {}

StoreError::StoreError(Reason reason, const std::string& what) : Error(what), reason_(reason) {}

TypeMismatch::TypeMismatch(std::string name, std::string wanted, std::string found)
    : Error(fmt::format("value \"{}\": wanted {}, found {}", name, wanted, found)),
      name_(std::move(name)),
      wanted_(std::move(wanted)),
      found_(std::move(found)) {}

TooLarge::TooLarge(std::size_t size, std::size_t limit)
    : Error(fmt::format("commit session: {} bytes are more than the size limit of {} bytes", size, limit)),
      size_(size),
      limit_(limit) {}

}  // namespace sess
