// Examination of what is neither a record nor among records: the store's own files and directories.
#include "backend/file_examination.hpp"
#include "backend/file_store.hpp"
#include "backend/stamp.hpp"
#include "format/gc_state.hpp"
#include "format/names.hpp"
#include "fs/file_lock.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace sess::backend {

namespace {

using Kind = Finding::Kind;
using Severity = Finding::Severity;
using Remedy = Finding::Remedy;

/// What a store has beside its records.
struct Part {
  const char* name;
  sys::FileType type;
  const char* without;  // what comes of it if it is missing; null: it need not be there
  Severity severity = Severity::error;
};

constexpr std::array parts_of_store = {
    Part{format::gc_file, sys::FileType::regular, "it is missing: the store cannot be swept"},
    Part{format::keys_file, sys::FileType::regular, nullptr},   // without it the store cannot be opened
    Part{format::store_file, sys::FileType::regular, nullptr},  // likewise
    Part{format::waiters_file, sys::FileType::regular, nullptr},
    Part{format::shards_directory, sys::FileType::directory, nullptr},  // likewise
    Part{format::principals_directory, sys::FileType::directory, "it is missing: the next login has to make it again",
         Severity::warning},
    Part{format::quarantine_directory, sys::FileType::directory, "it is missing: nothing that is damaged can be kept"},
};

/// What these are while a program makes them; after some minutes it was killed.
constexpr std::array parts_in_the_making = {format::new_store_file, format::new_keys_file,
                                            format::new_principals_directory};

/// A sweeper that has it locked may be writing it just now, and writes it to its end.
bool is_understood(const fs::Directory& top) {
  const auto is_good = [&] { return format::is_gc_state(top.read_text(format::gc_file).value_or("")); };
  if (is_good()) return true;
  auto opened = fs::open_lockable(top, format::gc_file, sys::OpenMode::read);
  return !opened || !opened->lock.try_lock(top, format::gc_file) || is_good();
}

}  // namespace

class FrameExamination {
 public:
  FrameExamination(const FileStore& store, const FoundSink& found)
      : store_(store), found_(found), user_(store.system().user()) {}

  std::uint64_t run() {
    guarded("", [&] {
      examine_access(top().own_status(), sys::FileType::directory, user_, about(""), found_);
      for (const std::string& name : names_in(top())) guarded(name, [&] { examine_name(name); });
    });
    for (const Part& part : parts_of_store) guarded(part.name, [&] { examine_presence(part); });
    guarded(format::gc_file, [&] { examine_gc_file(); });
    for (const char* directory : {format::shards_directory, format::principals_directory})
      guarded(directory, [&] { examine_shard_names(directory); });
    guarded(format::quarantine_directory, [&] { examine_quarantine(); });
    return quarantined_;
  }

 private:
  const fs::Directory& top() const { return store_.top_; }

  static Finding about(const std::string& file) {
    Finding finding;
    finding.file = file;
    return finding;
  }
  void guarded(const std::string& file, const std::function<void()>& work) const {
    examine_guarded(top().path(), about(file), found_, work);
  }
  void tell(const std::string& file, Kind kind, Severity severity, Remedy remedy, std::string what) const {
    Finding finding = about(file);
    finding.kind = kind;
    finding.severity = severity;
    finding.remedy = remedy;
    finding.what = std::move(what);
    found_(std::move(finding));
  }

  void examine_name(const std::string& name) const {
    const auto status = top().status(name.c_str());
    if (!status) return;
    const auto* const part = std::ranges::find(parts_of_store, name, [](const Part& each) { return each.name; });
    if (part != parts_of_store.end()) {
      examine_access(*status, part->type, user_, about(name), found_);
    } else if (std::ranges::count(parts_in_the_making, name) > 0) {
      if (store_.now() - deadline_of(status->changed) >= leftover_age)
        tell(name, Kind::orphan_temp, Severity::note, Remedy::none, "a program was killed while it made it");
    } else {
      tell_of_foreign(status, about(name), found_);
    }
  }

  void examine_presence(const Part& part) const {
    if (part.without != nullptr && !top().status(part.name))
      tell(part.name, Kind::missing, part.severity, Remedy::mend, part.without);
  }

  void examine_gc_file() const {
    const auto status = top().status(format::gc_file);
    if (status && status->type == sys::FileType::regular && !is_understood(top()))
      tell(format::gc_file, Kind::payload, Severity::note, Remedy::mend,
           "what the last sweep has remembered in it cannot be understood; the next sweep writes it again");
  }

  /// Of a directory that holds shards and nothing else.
  void examine_shard_names(const std::string& directory) const {
    const auto there = top().status(directory.c_str());
    if (!there || there->type != sys::FileType::directory) return;
    const fs::Directory shards = top().open_child(directory.c_str());
    for (const std::string& name : names_in(shards)) {
      if (format::is_shard_name(name)) continue;
      if (const auto status = shards.status(name.c_str()))
        tell_of_foreign(status, about(directory + "/" + name), found_);
    }
  }

  void examine_quarantine() {
    const std::string directory = format::quarantine_directory;
    const auto there = top().status(directory.c_str());
    if (!there || there->type != sys::FileType::directory) return;
    const fs::Directory quarantine = top().open_child(directory.c_str());
    for (const std::string& name : names_in(quarantine)) {
      const auto status = quarantine.status(name.c_str());
      if (!status || name == format::probe_file || name == format::other_probe_file) continue;
      const auto entry = format::parse_quarantine_name(name);
      const Finding subject = about(directory + "/" + name);
      if (!entry) {
        tell_of_foreign(status, subject, found_);
      } else if (examine_access(*status, sys::FileType::regular, user_, subject, found_)) {
        if (entry->kind != format::QuarantineName::Kind::spare && !entry->temporary) ++quarantined_;
        if (entry->temporary && store_.now() - deadline_of(status->changed) >= leftover_age)
          tell(subject.file, Kind::orphan_temp, Severity::note, Remedy::mend, "a program was killed while it wrote it");
      }
    }
  }

  const FileStore& store_;
  const FoundSink& found_;
  std::uint32_t user_;
  std::uint64_t quarantined_ = 0;
};

std::uint64_t FileStore::examine_frame(const FoundSink& found) const { return FrameExamination(*this, found).run(); }

}  // namespace sess::backend
