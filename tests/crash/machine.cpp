#include "machine.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sess::test {

namespace {

std::string text_of(std::int64_t number, std::size_t size) {
  return std::string(size, static_cast<char>('a' + number % 26));
}

}  // namespace

void write_version(Editor& editor, std::int64_t number, std::size_t size) {
  editor.set("n", number);
  editor.set("text", text_of(number, size));
}

std::int64_t number_of(const Snapshot& snapshot) { return snapshot.get<std::int64_t>("n").value_or(0); }

bool is_version(const Snapshot& snapshot, const History& history) {
  const auto version = history.versions.find(number_of(snapshot));
  return version != history.versions.end() &&
         snapshot.get<std::string>("text").value_or("") == text_of(version->first, version->second);
}

Session Machine::create() {
  Session session = store->create();
  key = session.key();
  id = session.id();
  return session;
}

void Machine::commit(Session& session, std::size_t size, const CommitOptions& options) {
  const auto number = static_cast<std::int64_t>(history.versions.size()) + 1;
  history.versions[number] = size;
  write_version(session, number, size);
  const bool synced = options.scrub || options.durability.value_or(store->options().durability) == Durability::durable;
  // The first commit without a sync writes to one of the two files and leaves the promised version in the other; the
  // next one, whether it syncs or not, writes to that too. By rename there is no other. Where the new name reaches the
  // disk without the new data, what the spare held before is there again, whole, and nobody can tell: an older version
  // than the promised one.
  const bool exchanges = store->options().commit_method == CommitMethod::automatic;
  if (history.relaxed > 0 || (!synced && !exchanges)) history.promised = 0;
  if (!synced && history.spare) history.promised = std::min<std::int64_t>(history.promised, 1);
  if (!session.commit(options).ok()) throw Stopped{};
  history.acknowledged = number;
  history.relaxed = synced ? 0 : history.relaxed + 1;
  if (synced) history.promised = number;
  history.spare = exchanges && !options.scrub && number > 1;
}

void Machine::commit(Session& session, const std::vector<std::size_t>& sizes, const CommitOptions& options) {
  for (const std::size_t size : sizes) commit(session, size, options);
}

void Machine::destroy(Session session) {
  history.destroy_tried = true;
  if (!session.destroy().ok()) throw Stopped{};
  history.destroy_acknowledged = true;
}

void Machine::settle() {
  system->settle();
  history.promised = history.acknowledged;
  history.relaxed = 0;
}

Session Machine::lock() const {
  auto session = store->lock(*key);
  if (!session) throw Stopped{};
  return std::move(*session);
}

}  // namespace sess::test
