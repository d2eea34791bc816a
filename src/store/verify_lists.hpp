// Sessions against the lists of principals, and the lists against the sessions: for verify, which changes nothing.
#pragma once

#include "backend/record_store.hpp"
#include "format/principal.hpp"

#include <sess/verify.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>

namespace sess {

/// Of one thread.
class ListVerification {
 public:
  using Sink = std::function<void(Finding)>;

  /// Both outlive it.
  ListVerification(const backend::RecordStore& sessions, const backend::RecordStore& index)
      : sessions_(sessions), index_(index) {}

  /// That a session of somebody is in his list.
  void verify_session(const backend::Version& session, const Sink& found);
  /// That the sessions of a list are there.
  void verify_list(const backend::Version& list, const Sink& found) const;

 private:
  /// Nothing where there is none, or it cannot be read: that is another finding.
  std::optional<format::PrincipalEntry> list_of(const SessionKey& principal) const;
  bool is_live_session_of(const SessionKey& session, const SessionKey& principal) const;
  bool is_there(const SessionKey& session, const SessionKey& principal) const;

  const backend::RecordStore& sessions_;
  const backend::RecordStore& index_;
  /// Long lists as they were some time ago: one with thousands of sessions must not be read for each of them.
  std::map<SessionKey::Bytes, std::set<SessionKey::Bytes>> long_lists_;
};

}  // namespace sess
