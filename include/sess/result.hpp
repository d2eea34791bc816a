// Outcomes: what a caller has to branch on, as values that cannot be ignored silently.
#pragma once

#include <sess/error.hpp>
#include <sess/export.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace sess {

enum class Outcome : std::uint8_t {
  ok,
  absent,              // no such session: never created, destroyed, or swept
  expired,             // its deadline has passed; swept or not, it is never returned
  superseded,          // its ID was replaced by a new one
  busy,                // its lock was not free before the caller's deadline
  conflict,            // a value that this change was derived from has been changed meanwhile; nothing written
  gone,                // was live when it was loaded and is not any more; nothing written
  not_renewed,         // a touch found the session locked until its short deadline; try at the next request
  durability_unknown,  // committed and visible, but the sync after the rename failed
  limit_reached,       // the principal has as many sessions as it may have; nothing written
};

/// The outcome's name as it stands in the enumeration.
SESS_API std::string_view to_string(Outcome outcome) noexcept;

/// An outcome, and for `busy` the process that holds the lock.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  // Implicit: a function that answers a Status may return an Outcome.
  Status(Outcome outcome, int holder = 0) noexcept : outcome_(outcome), holder_(holder) {}

  Outcome outcome() const noexcept { return outcome_; }
  bool ok() const noexcept { return outcome_ == Outcome::ok; }
  explicit operator bool() const noexcept { return ok(); }
  /// True if what was asked for has taken effect: ok, or committed with durability unknown.
  bool took_effect() const noexcept { return ok() || outcome_ == Outcome::durability_unknown; }
  /// Process ID of the lock's holder; 0 where it is not known or the outcome is not `busy`.
  int holder() const noexcept { return holder_; }
  friend bool operator==(const Status& status, Outcome outcome) noexcept { return status.outcome_ == outcome; }

 private:
  Outcome outcome_ = Outcome::ok;
  int holder_ = 0;
};

/// A value, or the outcome that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(T value, Status status) : value_(std::move(value)), status_(status) {}
  Result(Status status) : status_(status) {}
  Result(Outcome outcome) : status_(outcome) {}

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  Status status() const noexcept { return status_; }
  Outcome outcome() const noexcept { return status_.outcome(); }

  /// The value; throws UsageError if there is none.
  T& value() & { return checked(), *value_; }
  const T& value() const& { return checked(), *value_; }
  T&& value() && { return checked(), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void checked() const {
    if (!value_) throw UsageError("result has no value: test it before use");
  }

  std::optional<T> value_;
  Status status_;
};

}  // namespace sess
