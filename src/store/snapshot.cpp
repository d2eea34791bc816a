#include <sess/snapshot.hpp>

#include <utility>

namespace sess {

Snapshot::Snapshot(const SessionKey& key, const SessionFacts& facts, std::shared_ptr<const Values> values,
                   std::shared_ptr<const format::SealingKey> sealing) noexcept
    : key_(key), facts_(facts), values_(std::move(values)), sealing_(std::move(sealing)) {}

const Values& Snapshot::values() const noexcept {
  static const Values none;
  return values_ ? *values_ : none;
}

Changes Snapshot::edit() const { return Changes(*this); }

// The editor shares the snapshot's values and copies them only when it changes something.
Changes::Changes(const Snapshot& snapshot)
    : Editor(snapshot.shared_values()), key_(snapshot.key()), sealing_(snapshot.sealing_) {}

Changes::~Changes() = default;

}  // namespace sess
