#include "worker.hpp"

#include "content.hpp"

#include <stdexcept>
#include <utility>

namespace sess::test::power {

Worker::Worker(Store store, Population& population, const Ledger& ledger, WorkerOptions options)
    : store_(std::move(store)),
      population_(population),
      ledger_(ledger),
      options_(std::move(options)),
      random_(options_.seed) {}

void Worker::run() {
  while (!population_.stop.load()) {
    if (random_() % 64 == 0) options_.neighbour();
    operate();
    if (++population_.operations >= population_.mark.load() &&
        population_.mark.exchange(Population::never) != Population::never)
      options_.reached();
  }
}

void Worker::operate() {
  // A few sessions are wanted by everybody: waiters keep spares busy, and a commit then takes a temp file.
  const std::size_t place = random_() % 8 == 0 ? random_() % 3 : random_() % Population::places;
  const std::uint32_t number = population_.live.at(place).load();
  if (number == 0) return create(place);
  const auto dice = random_() % 100;
  if (dice < 70) return change(place, number);
  if (dice < 80) return destroy(place, number);
  if (dice < 90) {
    (void)store_.touch(key_of(number));
    return;
  }
  if (const auto snapshot = store_.snapshot(key_of(number)); snapshot && options_.breakage == Breakage::none)
    if (!version_in(snapshot->values(), number)) throw std::runtime_error("a snapshot is no version of its session");
}

void Worker::commit(Session& session, std::uint32_t number, std::uint32_t version) {
  const Level level = level_of(number);
  const bool relaxed = level == Level::relaxed || level == Level::early;
  const bool durable = !relaxed && (level != Level::mixed || random_() % 2 == 0);
  write_version(session, number, version);
  if (options_.breakage == Breakage::mixed && random_() % 4 == 0) session.set("text", text_of(number, version + 1));
  Entry entry{Step::commit_tried, level, durable, number, version, 0, session.key().bytes()};
  ledger_.append(entry);
  const CommitOptions options{.durability = durable ? Durability::durable : Durability::relaxed,
                              .scrub = level == Level::scrubbed};
  if (!session.commit(options)) throw Interrupted{};
  entry.step = Step::commit_acknowledged;
  ledger_.append(entry);
}

void Worker::create(std::size_t place) {
  const std::uint32_t number = ++population_.last_session;
  if (number >= Population::most_sessions) throw std::runtime_error("too many sessions for one load");
  Session session = store_.create();
  commit(session, number, 1);
  population_.keys.at(number) = session.key().bytes();
  std::uint32_t nobody = 0;
  // Where somebody else was faster this one is left alone for the rest of the load.
  population_.live.at(place).compare_exchange_strong(nobody, number);
}

void Worker::change(std::size_t place, std::uint32_t number) {
  auto session = store_.lock(key_of(number));
  if (!session) {
    if (population_.live.at(place).load() == number && session.outcome() == Outcome::busy)
      throw std::runtime_error("a session stayed busy");
    return;  // destroyed meanwhile
  }
  const auto version = version_in(session->values(), number);
  if (!version && options_.breakage == Breakage::none) throw std::runtime_error("a session holds no version of itself");
  commit(*session, number, static_cast<std::uint32_t>(session->peek<std::int64_t>("version").value_or(0)) + 1);
}

void Worker::destroy(std::size_t place, std::uint32_t number) {
  auto session = store_.lock(key_of(number));
  if (!session) return;
  Entry entry{Step::destroy_tried, level_of(number), true, number, 0, 0, session->key().bytes()};
  ledger_.append(entry);
  if (!session->destroy()) throw Interrupted{};
  entry.step = Step::destroy_acknowledged;
  ledger_.append(entry);
  population_.live.at(place).store(0);
}

}  // namespace sess::test::power
