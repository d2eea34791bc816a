#include <sess/repair.hpp>

#include "store/core.hpp"
#include "store/repairing.hpp"

#include <sess/error.hpp>
#include <sess/store.hpp>

#include <array>
#include <optional>
#include <utility>

namespace sess {

namespace {

using Kind = Finding::Kind;
using Action = Repaired::Action;

class Repairing {
 public:
  Repairing(const Store& store, bool dry_run) : core_(StoreAccess::core(store)), dry_run_(dry_run) {}

  /// Nothing where it has been put right meanwhile.
  std::optional<Repaired> act(const Finding& finding) const {
    Repaired repaired;
    repaired.finding = finding;
    if (finding.remedy == Finding::Remedy::none) return repaired;
    try {
      auto mended = mend(finding);
      if (!mended) return std::nullopt;
      repaired.action = mended->action;
      repaired.what = std::move(mended->what);
    } catch (const UnsupportedRecord& error) {
      repaired.what = error.why();
    } catch (const IoError& error) {
      repaired.action = Action::failed;
      repaired.what = error.what();
      repaired.error_number = error.error_number();
    }
    return repaired;
  }

 private:
  std::optional<backend::Mended> mend(const Finding& finding) const {
    if (!finding.principal) {
      auto mended = core_.records().mend(finding, dry_run_);
      if (mended && mended->needs_index && !dry_run_) static_cast<void>(core_.principals());
      return mended;
    }
    const backend::RecordStore* const index = core_.records().present_index();
    if (index == nullptr) return std::nullopt;
    switch (finding.kind) {
      case Kind::checksum:
      case Kind::wrong_key: {
        auto mended = index->mend(finding, dry_run_);
        if (mended && !dry_run_) static_cast<void>(core_.principals().listed(*finding.principal));
        return mended;
      }
      case Kind::payload:
        if (!dry_run_) static_cast<void>(core_.principals().listed(*finding.principal));
        return backend::Mended{Action::mended,
                               said("it was made again", "it would be made again") + " from the sessions"};
      case Kind::stale_entry:
        return status_of(dry_run_ ? Status() : core_.principals().drop_ended(*finding.principal),
                         said("they were dropped", "they would be dropped"));
      case Kind::missing_entry:
        return enter(finding);
      default:
        return index->mend(finding, dry_run_);
    }
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
    return {Action::left, "the list is locked; run repair again, when nobody holds it"};
  }

  const Store::Core& core_;
  bool dry_run_;
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

std::optional<Repaired> repair_finding(const Store& store, const Finding& finding, bool dry_run) {
  return Repairing(store, dry_run).act(finding);
}

std::string_view to_string(Repaired::Action action) noexcept {
  constexpr std::array<std::string_view, 5> names{"mended", "quarantined", "removed", "left", "failed"};
  return names.at(static_cast<std::size_t>(action));
}

RepairReport repair(const Store& store, const RepairOptions& options,
                    const std::function<void(const Repaired&)>& visit) {
  RepairReport report;
  report.verified = verify(store, {.jobs = options.jobs}, [&](const Finding& finding) {
    const auto repaired = repair_finding(store, finding, options.dry_run);
    if (!repaired) return;
    count(report, repaired->action);
    visit(*repaired);
  });
  return report;
}

}  // namespace sess
