#include "store/verify_lists.hpp"

#include "format/header.hpp"
#include "store/times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace sess {

namespace {

constexpr std::size_t long_list = 64;  // sessions
constexpr std::size_t most_long_lists = 64;

using Listed = format::PrincipalEntry::Session;

bool contains(const format::PrincipalEntry& entry, const SessionKey& session) {
  return std::ranges::find(entry.sessions, session, &Listed::key) != entry.sessions.end();
}

}  // namespace

std::optional<format::PrincipalEntry> ListVerification::list_of(const SessionKey& principal) const {
  const auto listed = index_.look(principal);
  if (!listed) return format::PrincipalEntry{};
  if (!listed->version) return std::nullopt;
  return format::decode_principal(listed->version->payload);
}

bool ListVerification::is_live_session_of(const SessionKey& session, const SessionKey& principal) const {
  const auto listed = sessions_.look(session);
  return listed && listed->version && SessionKey(listed->version->header.principal) == principal &&
         usability(*listed->version, sessions_.now()) == Outcome::ok;
}

/// What cannot be read may be.
bool ListVerification::is_there(const SessionKey& session, const SessionKey& principal) const {
  const auto listed = sessions_.look(session);
  return listed && (!listed->version || SessionKey(listed->version->header.principal) == principal);
}

// A session is entered before it is made and dropped after it has ended. So one that was there before the list was
// read, and still is, must be in it.
void ListVerification::verify_session(const backend::Version& session, const Sink& found) {
  const SessionKey principal(session.header.principal);
  if (principal == SessionKey() || usability(session, sessions_.now()) != Outcome::ok) return;
  const SessionKey& key = session.header.key;
  if (const auto known = long_lists_.find(principal.bytes());
      known != long_lists_.end() && known->second.contains(key.bytes()))
    return;
  const auto list = list_of(principal);
  if (!list) return;
  if (list->sessions.size() >= long_list) {
    if (long_lists_.size() >= most_long_lists) long_lists_.clear();
    auto& keys = long_lists_[principal.bytes()];
    keys.clear();
    for (const Listed& each : list->sessions) keys.insert(each.key.bytes());
  }
  if (contains(*list, key) || !is_live_session_of(key, principal)) return;
  Finding finding;
  finding.kind = Finding::Kind::missing_entry;
  finding.severity = Finding::Severity::error;
  finding.remedy = Finding::Remedy::mend;
  finding.key = key;
  finding.principal = principal;
  finding.what = "the list of its principal lacks it: an end of all sessions of that principal would pass it over";
  found(std::move(finding));
}

void ListVerification::verify_list(const backend::Version& list, const Sink& found) const {
  const SessionKey& principal = list.header.key;
  Finding finding;
  finding.principal = principal;
  finding.remedy = Finding::Remedy::mend;
  auto entry = format::decode_principal(list.payload);
  if (!entry) {
    finding.kind = Finding::Kind::payload;
    finding.what = "it verifies, and is no list of sessions; it can be made again from the sessions";
    return found(std::move(finding));
  }
  if (list.deadline <= index_.now()) return;  // nobody in it lives; a sweep removes it
  const auto is_stale = [&](const Listed& session) { return !is_there(session.key, principal); };
  if (std::ranges::none_of(entry->sessions, is_stale)) return;
  // A login enters its session before it makes it, and holds this lock in between.
  const auto held = index_.hold(principal, std::chrono::nanoseconds(0));
  if (!held) return;
  entry = list_of(principal);
  if (!entry) return;
  const auto stale = std::ranges::count_if(entry->sessions, is_stale);
  if (stale == 0) return;
  finding.kind = Finding::Kind::stale_entry;
  finding.severity = Finding::Severity::note;
  finding.what = fmt::format("it names {} session{} that ended", stale, stale == 1 ? "" : "s");
  found(std::move(finding));
}

}  // namespace sess
