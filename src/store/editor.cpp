#include <sess/editor.hpp>

#include "format/values_codec.hpp"
#include "store/times.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <utility>

namespace sess {

Editor::Editor() : base_(std::make_shared<const Values>()) {}

Editor::Editor(std::shared_ptr<const Values> base) : base_(std::move(base)) {}

Editor::~Editor() = default;

const Values& Editor::values() const noexcept {
  static const Values none;
  if (working_) return *working_;
  return base_ ? *base_ : none;
}

const Value* Editor::find(std::string_view name) const noexcept {
  const auto found = values().find(name);
  return found == values().end() ? nullptr : &found->second;
}

const Value* Editor::read(std::string_view name) const {
  // What this editor has put there itself says nothing about the base.
  if (!own_all_ && !own_.contains(name)) reads_.emplace(name);
  return find(name);
}

std::vector<std::string> Editor::names() const {
  if (!own_all_) read_all_ = true;
  std::vector<std::string> found;
  for (const auto& [name, value] : values()) found.push_back(name);
  return found;
}

void Editor::depend_on_reads() {
  // Moved, not copied: each write would else go over all reads again.
  depends_on_.merge(reads_);
  reads_.clear();
  depends_on_all_ = depends_on_all_ || read_all_;
}

void Editor::record(Operation operation) {
  if (!working_) working_ = values();
  // First, because this can be taken back if there is no memory to apply it: what is seen is what is committed.
  operations_.push_back(std::move(operation));
  try {
    apply(operations_.back(), *working_);
  } catch (...) {
    operations_.pop_back();
    throw;
  }
}

void Editor::record_own(Operation operation) {
  depend_on_reads();
  const auto [at, is_new] = own_.emplace(operation.name);
  try {
    record(std::move(operation));
  } catch (...) {
    if (is_new) own_.erase(at);
    throw;
  }
}

void Editor::put(std::string_view name, Value value) { record_own({Kind::set, std::string(name), std::move(value)}); }

void Editor::erase(std::string_view name) { record_own({Kind::erase, std::string(name), {}}); }

void Editor::clear() {
  depend_on_reads();
  record({Kind::clear, {}, {}});
  own_all_ = true;
}

void Editor::add(std::string_view name, std::int64_t amount) { record({Kind::add, std::string(name), amount}); }

void Editor::add(std::string_view name, double amount) { record({Kind::add, std::string(name), amount}); }

void Editor::append(std::string_view name, Value element) {
  record({Kind::append, std::string(name), std::move(element)});
}

void Editor::set_if_absent(std::string_view name, Value value) {
  record({Kind::set_if_absent, std::string(name), std::move(value)});
}

void Editor::set_idle_timeout(std::chrono::milliseconds timeout) {
  check_timeout(timeout, "set idle timeout: it");
  depend_on_reads();
  idle_timeout_ = timeout;
}

void Editor::set_lifetime(std::chrono::milliseconds lifetime) {
  check_timeout(lifetime, "set lifetime: it");
  depend_on_reads();
  lifetime_ = lifetime;
}

void Editor::rebase(std::shared_ptr<const Values> base) { *this = Editor(std::move(base)); }

namespace {

/// The same bytes when stored: a NaN is not equal to itself and has not changed, -0.0 is equal to 0.0 and has.
bool same(const Values& left, const Values& right) {
  std::vector<std::byte> left_bytes, right_bytes;
  format::encode_values(left, left_bytes);
  format::encode_values(right, right_bytes);
  return left_bytes == right_bytes;
}

}  // namespace

bool Editor::conflicts_with(const Values& current) const {
  if (!base_) return false;  // moved from
  if (depends_on_all_ && !same(*base_, current)) return true;
  return std::ranges::any_of(depends_on_, [&](const std::string& name) {
    const auto before = base_->find(name);
    const auto now = current.find(name);
    if (before == base_->end() || now == current.end()) return (before == base_->end()) != (now == current.end());
    return !same({*before}, {*now});
  });
}

std::optional<Values> Editor::apply_to(const Values& current) const {
  if (conflicts_with(current)) return std::nullopt;
  Values values = current;
  for (const Operation& operation : operations_) apply(operation, values);
  return values;
}

namespace {

void add_to(Value& sum, const std::string& name, const Value& amount) {
  if (const auto* integer = amount.get_if<std::int64_t>()) {
    std::int64_t result = 0;
    if (__builtin_add_overflow(sum.as<std::int64_t>(name), *integer, &result))
      throw TypeMismatch(name, "sum within 64 bits", "overflow");
    sum = result;
  } else {
    sum = sum.as<double>(name) + amount.as<double>(name);
  }
}

}  // namespace

void Editor::apply(const Operation& operation, Values& values) {
  const auto found = values.find(operation.name);
  const bool absent = found == values.end();
  switch (operation.kind) {
    case Kind::set: {
      // Copied apart: an array that there is no memory to copy would else be left half as it was.
      Value copy = operation.value;
      values.insert_or_assign(operation.name, std::move(copy));
      break;
    }
    case Kind::erase:
      if (!absent) values.erase(found);
      break;
    case Kind::clear:
      values.clear();
      break;
    case Kind::add:
      if (absent) {
        values.emplace(operation.name, operation.value);
      } else {
        add_to(found->second, operation.name, operation.value);
      }
      break;
    case Kind::append:
      if (absent) {
        values.emplace(operation.name, Value::Array{operation.value});
      } else if (auto* array = found->second.get_if<Value::Array>()) {
        array->push_back(operation.value);
      } else {
        throw TypeMismatch(operation.name, "array", found->second.type_text());
      }
      break;
    case Kind::set_if_absent:
      if (absent) values.emplace(operation.name, operation.value);
      break;
  }
}

}  // namespace sess
