// Faults. An outcome that a caller must branch on is a value (see result.hpp); what is thrown is what the
// caller cannot be expected to handle on the spot: I/O errors, corrupt data, wrong types, a wrong set-up.
#pragma once

#include <sess/export.hpp>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sess {

/// Base of everything that libsess throws. what() reads: operation, quoted thing, cause.
class SESS_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// A system call failed for a reason that is not an outcome: disk full, I/O error, permission, ...
/// The committed version of every session stays as it was.
class SESS_API IoError : public Error {
 public:
  IoError(std::string operation, std::string path, int error_number);
  ~IoError() override;
  const std::string& operation() const noexcept { return operation_; }
  const std::string& path() const noexcept { return path_; }
  /// The errno of the failed call.
  int error_number() const noexcept { return error_number_; }

 private:
  std::string operation_;
  std::string path_;
  int error_number_;
};

/// Data that does not verify or does not decode. It has been left where it was.
class SESS_API CorruptRecord : public Error {
 public:
  CorruptRecord(std::string path, std::string why);
  ~CorruptRecord() override;
  const std::string& path() const noexcept { return path_; }
  const std::string& why() const noexcept { return why_; }

 private:
  std::string path_;
  std::string why_;
};

/// A record that verifies and that this program must leave alone: a newer format, a state that it does not know.
class SESS_API UnsupportedRecord : public Error {
 public:
  UnsupportedRecord(std::string path, std::string why);
  ~UnsupportedRecord() override;
  const std::string& path() const noexcept { return path_; }
  const std::string& why() const noexcept { return why_; }

 private:
  std::string path_;
  std::string why_;
};

/// The values of a sealed session (StoreOptions::sealed) were asked for by its key alone. Its ID opens them.
class SESS_API SealedRecord : public Error {
 public:
  explicit SealedRecord(const std::string& key);
  ~SealedRecord() override;
};

/// A value was asked for as a type that it does not have, or does not fit.
class SESS_API TypeMismatch : public Error {
 public:
  TypeMismatch(std::string name, std::string wanted, std::string found);
  ~TypeMismatch() override;
  const std::string& name() const noexcept { return name_; }
  const std::string& wanted() const noexcept { return wanted_; }
  const std::string& found() const noexcept { return found_; }

 private:
  std::string name_;
  std::string wanted_;
  std::string found_;
};

/// A session would become larger than the store's size limit. Nothing has been written.
class SESS_API TooLarge : public Error {
 public:
  TooLarge(std::size_t size, std::size_t limit);
  ~TooLarge() override;
  std::size_t size() const noexcept { return size_; }    // bytes
  std::size_t limit() const noexcept { return limit_; }  // bytes

 private:
  std::size_t size_;
  std::size_t limit_;
};

/// The store itself is not usable. Nothing in its directory has been touched.
class SESS_API StoreError : public Error {
 public:
  enum class Reason : std::uint8_t {
    absent,          // there is no directory at this path
    not_a_store,     // the directory has no file that makes it one
    not_empty,       // asked to make a store of a directory that holds something else
    other_owner,     // one user owns a store, and this process runs as another
    open_to_others,  // its mode lets other users in
    newer_format,    // made for a newer libsess
    damaged,         // one of its own files is missing or cannot be understood
    unusable,        // anything else
  };
  StoreError(Reason reason, const std::string& what);
  ~StoreError() override;
  Reason reason() const noexcept { return reason_; }

 private:
  Reason reason_;
};

/// The program used an object against its contract: a thread waits for a session that it has locked itself,
/// a session is used after release, or by a forked child of the process that locked it.
class SESS_API UsageError : public Error {
 public:
  using Error::Error;
  ~UsageError() override;
};

}  // namespace sess
