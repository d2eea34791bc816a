#include <sess/snapshot.hpp>

#include <utility>

namespace sess {

Snapshot::Snapshot(const SessionKey& key, const SessionFacts& facts, std::shared_ptr<const Values> values) noexcept
    : key_(key), facts_(facts), values_(std::move(values)) {}

const Values& Snapshot::values() const noexcept {
  static const Values none;
  return values_ ? *values_ : none;
}

Changes Snapshot::edit() const { return Changes(*this); }

// The editor shares the snapshot's values and copies them only when it changes something.
Changes::Changes(const Snapshot& snapshot) : Editor(snapshot.shared_values()), key_(snapshot.key()) {}

Changes::~Changes() = default;

}  // namespace sess
