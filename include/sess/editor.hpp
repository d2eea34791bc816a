// The working copy of a session: reads its values, records what was read and what was changed.
//
// One class serves every mode. In a locked session and in update() the values read are those of the locked
// record. In merge mode they are a snapshot's, and the recorded changes are applied at commit to the record
// of that moment:
//
//   set, erase       win over what is there, unless something that this editor had read before has changed
//                    meanwhile: then the commit is a conflict and writes nothing
//   take             is a read and an erase
//   add, append, set_if_absent
//                    are applied to the value of that moment and never conflict
//
// Reads count towards conflicts from get, has, names and take; peek is a read that does not count, for what
// is only shown. Not thread-safe: one editor belongs to one thread at a time. An editor that has been moved from is one
// of an empty session.
#pragma once

#include <sess/export.hpp>
#include <sess/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sess {

class SESS_API Editor {
 public:
  Editor();  // of an empty session
  /// Works on these values, which stay as they are; never null.
  explicit Editor(std::shared_ptr<const Values> base);
  Editor(const Editor&) = default;
  Editor(Editor&&) noexcept = default;
  Editor& operator=(const Editor&) = default;
  Editor& operator=(Editor&&) noexcept = default;
  virtual ~Editor();

  // ---- reading; sees this editor's own changes ------------------------------------------------------------

  /// The value called `name`, or nothing. Throws TypeMismatch if it is not a T.
  template <class T>
  std::optional<T> get(std::string_view name) const {
    const Value* value = read(name);
    if (value == nullptr) return std::nullopt;
    return value->as<T>(name);
  }
  /// Like get, but what follows is not taken as derived from this value.
  template <class T>
  std::optional<T> peek(std::string_view name) const {
    const Value* value = find(name);
    if (value == nullptr) return std::nullopt;
    return value->as<T>(name);
  }
  bool has(std::string_view name) const { return read(name) != nullptr; }
  /// All names, in ascending order of their bytes. Counts as a read of everything.
  std::vector<std::string> names() const;

  // ---- changing; takes effect at commit --------------------------------------------------------------------

  template <class T>
  void set(std::string_view name, const T& value) {
    put(name, Value(value));
  }
  void set(std::string_view name, Value value) { put(name, std::move(value)); }
  void erase(std::string_view name);
  /// Erases every name. Like erase, it wins over what is there.
  void clear();
  /// Reads a value and erases it: for what may be used once, such as the answer of a captcha. Of two
  /// requests that take the same value one gets it; the other's commit is a conflict.
  template <class T>
  std::optional<T> take(std::string_view name) {
    std::optional<T> value = get<T>(name);
    if (value) erase(name);
    return value;
  }
  /// Adds to a number; absent counts as 0. Throws TypeMismatch, here or at commit, if the value there is not
  /// an integer (a real for the second form), or if the sum leaves 64 bits.
  void add(std::string_view name, std::int64_t amount);
  void add(std::string_view name, int amount) { add(name, std::int64_t{amount}); }
  void add(std::string_view name, double amount);
  /// Appends to an array; absent counts as empty. Throws TypeMismatch if the value there is no array.
  void append(std::string_view name, Value element);
  void set_if_absent(std::string_view name, Value value);

  /// How long the session may be idle, and how long it may live from its creation. They take effect with the
  /// commit; both positive. Like set, a conflict if anything read before it has changed.
  void set_idle_timeout(std::chrono::milliseconds timeout);
  void set_lifetime(std::chrono::milliseconds lifetime);

  /// True if anything has been changed that a commit would have to apply.
  bool changed() const noexcept { return base_ && (!operations_.empty() || idle_timeout_ || lifetime_); }
  /// The values as this editor sees them now. Does not count as a read.
  const Values& values() const noexcept;
  std::optional<std::chrono::milliseconds> idle_timeout() const noexcept { return present(idle_timeout_); }
  std::optional<std::chrono::milliseconds> lifetime() const noexcept { return present(lifetime_); }

  /// The recorded changes, applied to `current`. Nothing if that would be a conflict. Throws TypeMismatch
  /// like add and append.
  std::optional<Values> apply_to(const Values& current) const;
  /// Forgets all changes and reads and starts again from these values; never null.
  void rebase(std::shared_ptr<const Values> base);

 private:
  enum class Kind : std::uint8_t { set, erase, clear, add, append, set_if_absent };
  struct Operation {
    Kind kind;
    std::string name;
    Value value;
  };

  template <class T>
  std::optional<T> present(const std::optional<T>& member) const noexcept {
    return base_ ? member : std::nullopt;
  }
  const Value* find(std::string_view name) const noexcept;
  const Value* read(std::string_view name) const;
  void put(std::string_view name, Value value);
  void record(Operation operation);
  void record_own(Operation operation);
  void depend_on_reads();
  bool conflicts_with(const Values& current) const;
  static void apply(const Operation& operation, Values& values);

  std::shared_ptr<const Values> base_;
  std::optional<Values> working_;  // none until the first change
  std::vector<Operation> operations_;
  std::optional<std::chrono::milliseconds> idle_timeout_;
  std::optional<std::chrono::milliseconds> lifetime_;
  // What has been read of the base so far, and the part of it that a set or erase came after.
  mutable std::set<std::string, std::less<>> reads_;
  mutable bool read_all_ = false;
  std::set<std::string, std::less<>> depends_on_;
  bool depends_on_all_ = false;
  // Names whose value in the working copy is this editor's own, whatever the base held.
  std::set<std::string, std::less<>> own_;
  bool own_all_ = false;
};

}  // namespace sess
