#include <sess/repair.hpp>

#include "format/names.hpp"
#include "format/principal.hpp"
#include "store/core.hpp"
#include "store/repairing.hpp"

#include <sess/error.hpp>
#include <sess/store.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sess {

namespace {

using Kind = Finding::Kind;
using Action = Repaired::Action;

class Repairing {
 public:
  Repairing(const Store& store, bool dry_run) : core_(StoreAccess::core(store)), dry_run_(dry_run) {}

  /// Nothing where it has been put right meanwhile; two where something about it is left.
  std::vector<Repaired> act(const Finding& finding) {
    auto all = attempt(finding);
    for (const Repaired& repaired : all)
      if ((repaired.action == Action::left || repaired.action == Action::failed) && hides_session(repaired.finding))
        hidden_ = true;
    return all;
  }

  /// It is made from all sessions, so after these.
  static bool comes_last(const Finding& finding) {
    return finding.kind == Kind::missing && finding.file == format::principals_directory;
  }

 private:
  std::vector<Repaired> attempt(const Finding& finding) {
    Repaired repaired;
    repaired.finding = finding;
    if (finding.remedy == Finding::Remedy::none) return {repaired};
    std::optional<Finding> rest;
    try {
      auto mended = mend(finding);
      if (!mended) return {};
      repaired.action = mended->action;
      repaired.what = std::move(mended->what);
      rest = std::move(mended->rest);
    } catch (const UnsupportedRecord& error) {
      repaired.what = error.why();
    } catch (const IoError& error) {
      const bool is_locked = error.error_number() == EWOULDBLOCK;
      repaired.action = is_locked ? Action::left : Action::failed;
      repaired.what = is_locked ? "it is locked; run repair again, when nobody holds it" : error.what();
      repaired.error_number = error.error_number();
    }
    std::vector<Repaired> all{std::move(repaired)};
    if (rest) all.emplace_back().finding = *std::move(rest);
    return all;
  }

  /// Whether a record of a session does not say whose it is, or cannot be had.
  static bool hides_session(const Finding& finding) {
    switch (finding.kind) {
      case Kind::checksum:
      case Kind::wrong_key:
      case Kind::newer_format:
      case Kind::file_type:
      case Kind::unreadable:
      case Kind::busy:
        return finding.file.starts_with(format::shards_directory);
      default:
        return false;
    }
  }

  /// Whoever makes a list again reads all sessions, and would recover, or move aside, what is damaged: without a copy,
  /// and without a word.
  static backend::Mended left_for_sessions() {
    return {Action::left,
            "it is made from the sessions, of which some are damaged, or cannot be read, and were left; "
            "see to these, then run repair again"};
  }

  std::optional<backend::Mended> mend(const Finding& finding) {
    if (!finding.principal) {
      auto mended = core_.records().mend(finding, dry_run_);
      if (!mended || !mended->needs_index) return mended;
      if (hidden_) return left_for_sessions();
      if (!dry_run_) static_cast<void>(core_.principals());
      return mended;
    }
    const backend::RecordStore* const index = core_.records().present_index();
    if (index == nullptr) return std::nullopt;
    switch (finding.kind) {
      case Kind::checksum:
      case Kind::wrong_key: {
        if (hidden_) return left_for_sessions();
        auto mended = index->mend(finding, dry_run_);
        if (!mended || mended->action != Action::mended) return mended;
        return make_again(*finding.principal, std::move(mended->what));
      }
      case Kind::payload:
        if (hidden_) return left_for_sessions();
        return make_again(*finding.principal,
                          said("it was made again", "it would be made again") + " from the sessions");
      case Kind::stale_entry:
        if (names_one_in_quarantine(*finding.principal))
          return backend::Mended{Action::left,
                                 "it names a session in quarantine, which without it could not be restored"};
        return status_of(dry_run_ ? Status() : core_.principals().drop_ended(*finding.principal),
                         said("they were dropped", "they would be dropped"));
      case Kind::missing_entry:
        return enter(finding);
      default:
        return index->mend(finding, dry_run_);
    }
  }

  backend::Mended make_again(const SessionKey& principal, std::string done) const {
    if (dry_run_) return {Action::mended, std::move(done)};
    const auto listed = core_.principals().listed(principal);
    return status_of(listed ? Status() : listed.status(), std::move(done));
  }

  /// Lists come after the sessions: what is moved aside by this repair is there.
  bool names_one_in_quarantine(const SessionKey& principal) {
    if (!in_quarantine_) {
      in_quarantine_.emplace();
      // Of a copy the session lives on.
      for (const auto& name : core_.records().kept())
        if (name.kind != format::QuarantineName::Kind::copy) in_quarantine_->insert(name.key.bytes());
    }
    if (in_quarantine_->empty()) return false;
    const auto* const index = core_.records().present_index();
    const auto list = index == nullptr ? std::nullopt : index->look(principal);
    if (!list || !list->version) return false;
    const auto entry = format::decode_principal(list->version->payload);
    return entry && std::ranges::any_of(entry->sessions, [&](const auto& session) {
             return in_quarantine_->contains(session.key.bytes());
           });
  }

  /// The session is looked at again: it may have ended, and then it need not be listed.
  std::optional<backend::Mended> enter(const Finding& finding) const {
    const auto listed = core_.records().look(*finding.key);
    if (!listed || !listed->version) return std::nullopt;
    return status_of(dry_run_ ? Status() : core_.principals().enter_existing(entry_of(listed->version->header)),
                     said("it was entered", "it would be entered"));
  }

  std::string said(const char* done, const char* would) const { return dry_run_ ? would : done; }

  static backend::Mended status_of(const Status& status, std::string done) {
    if (status.ok()) return {Action::mended, std::move(done)};
    throw IoError("lock", "list of a principal", EWOULDBLOCK);
  }

  const Store::Core& core_;
  bool dry_run_;
  bool hidden_ = false;  // a session's record that hides_session was left
  std::optional<std::set<SessionKey::Bytes>> in_quarantine_ = std::nullopt;
};

void count(RepairReport& report, Action action) {
  switch (action) {
    case Action::mended:
      ++report.mended;
      break;
    case Action::quarantined:
      ++report.quarantined;
      break;
    case Action::removed:
      ++report.removed;
      break;
    case Action::left:
      ++report.left;
      break;
    case Action::failed:
      ++report.failed;
      break;
  }
}

}  // namespace

std::vector<Repaired> repair_finding(const Store& store, const Finding& finding, bool dry_run) {
  return Repairing(store, dry_run).act(finding);
}

std::string_view to_string(Repaired::Action action) noexcept {
  constexpr std::array<std::string_view, 5> names{"mended", "quarantined", "removed", "left", "failed"};
  return names.at(static_cast<std::size_t>(action));
}

RepairReport repair(const Store& store, const RepairOptions& options,
                    const std::function<void(const Repaired&)>& visit) {
  RepairReport report;
  Repairing repairing(store, options.dry_run);
  std::vector<Finding> last;
  const auto act = [&](const Finding& finding) {
    for (const Repaired& repaired : repairing.act(finding)) {
      count(report, repaired.action);
      visit(repaired);
    }
  };
  report.verified =
      verify(store, {.jobs = options.jobs, .on_progress = options.on_progress}, [&](const Finding& finding) {
        if (Repairing::comes_last(finding))
          last.push_back(finding);
        else
          act(finding);
      });
  for (const Finding& finding : last) act(finding);
  return report;
}

}  // namespace sess
