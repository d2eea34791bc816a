#include "breakages.hpp"

#include "support/forwarding_system.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sess::test {

namespace {

using Base = ForwardingSystem;
using Bytes = std::span<const std::byte>;

template <class Broken>
Breaking breaking() {
  return [](std::shared_ptr<sys::System> inner) { return std::make_shared<Broken>(std::move(inner)); };
}

struct SyncsNeverFail final : Base {
  using Base::Base;
  int sync_data(int file) override { return std::max(0, Base::sync_data(file)); }
  int sync(int file) override { return std::max(0, Base::sync(file)); }
  int sync_file_system(int file) override { return std::max(0, Base::sync_file_system(file)); }
};

struct RenamesNeverFail final : Base {
  using Base::Base;
  int rename(int at, const char* from, int to_at, const char* to, sys::RenameMode mode) override {
    return std::max(0, Base::rename(at, from, to_at, to, mode));
  }
};

struct UnlinksNeverFail final : Base {
  using Base::Base;
  int unlink(int at, const char* name) override { return std::max(0, Base::unlink(at, name)); }
};

struct TruncationsNeverFail final : Base {
  using Base::Base;
  int truncate(int file, std::uint64_t size) override { return std::max(0, Base::truncate(file, size)); }
};

struct TimesNeverFail final : Base {
  using Base::Base;
  int set_times(int file, sys::FileTime time) override { return std::max(0, Base::set_times(file, time)); }
};

struct WritesAreNeverShort final : Base {
  using Base::Base;
  std::int64_t write(int file, Bytes data, std::uint64_t offset) override {
    const std::int64_t put = Base::write(file, data, offset);
    return put < 0 ? put : static_cast<std::int64_t>(data.size());
  }
};

struct ReadsNeverFail final : Base {
  using Base::Base;
  std::int64_t read(int file, std::span<std::byte> buffer, std::uint64_t offset) override {
    const std::int64_t got = Base::read(file, buffer, offset);
    return got < 0 ? static_cast<std::int64_t>(buffer.size()) : got;
  }
};

struct ListingsNeverFail final : Base {
  using Base::Base;
  int list(int directory, const std::function<bool(const sys::DirectoryEntry&)>& visit) override {
    return std::max(0, Base::list(directory, visit));
  }
};

struct NothingIsClosed final : Base {
  using Base::Base;
  int close(int) override { return 0; }
};

struct NothingIsWithdrawn final : Base {
  using Base::Base;
  bool withdraw_lock(int) override { return true; }
};

struct ErrorsOfOpenAreAbsence final : Base {
  using Base::Base;
  int open(int at, const char* name, sys::OpenMode mode) override {
    const int answer = Base::open(at, name, mode);
    return answer < 0 ? -ENOENT : answer;
  }
};

struct ErrorsOfLocksAreLocks final : Base {
  using Base::Base;
  int try_lock(int file) override { return Base::try_lock(file) < 0 ? -EWOULDBLOCK : 0; }
};

struct ErrorsAreMixedUp final : Base {
  using Base::Base;
  std::int64_t write(int file, Bytes data, std::uint64_t offset) override {
    return std::max<std::int64_t>(-EDOM, Base::write(file, data, offset));
  }
  int sync_data(int file) override { return Base::sync_data(file) < 0 ? -EDOM : 0; }
};

struct ErrorsAreThrown final : Base {
  using Base::Base;
  std::int64_t read(int file, std::span<std::byte> buffer, std::uint64_t offset) override {
    const std::int64_t got = Base::read(file, buffer, offset);
    if (got < 0) throw std::runtime_error("read");
    return got;
  }
};

struct TemporaryFilesAreHidden final : Base {
  using Base::Base;
  int unlink(int at, const char* name) override {
    if (!std::string_view(name).ends_with(".temp")) return Base::unlink(at, name);
    return Base::rename(at, name, at, (std::string(name) + ".hidden").c_str(), sys::RenameMode::replace);
  }
};

struct SparesAreNeverCut final : Base {
  using Base::Base;
  int unlink(int at, const char* name) override {
    return std::string_view(name).ends_with('~') ? 0 : Base::unlink(at, name);
  }
  int truncate(int, std::uint64_t) override { return 0; }
};

struct RunsDiffer final : Base {
  using Base::Base;
  std::int64_t read(int file, std::span<std::byte> buffer, std::uint64_t offset) override {
    Base::read(file, buffer, offset);
    return Base::read(file, buffer, offset);
  }
};

}  // namespace

Breaking syncs_never_fail() { return breaking<SyncsNeverFail>(); }
Breaking renames_never_fail() { return breaking<RenamesNeverFail>(); }
Breaking unlinks_never_fail() { return breaking<UnlinksNeverFail>(); }
Breaking truncations_never_fail() { return breaking<TruncationsNeverFail>(); }
Breaking times_never_fail() { return breaking<TimesNeverFail>(); }
Breaking writes_are_never_short() { return breaking<WritesAreNeverShort>(); }
Breaking reads_never_fail() { return breaking<ReadsNeverFail>(); }
Breaking listings_never_fail() { return breaking<ListingsNeverFail>(); }
Breaking nothing_is_closed() { return breaking<NothingIsClosed>(); }
Breaking nothing_is_withdrawn() { return breaking<NothingIsWithdrawn>(); }
Breaking errors_of_open_are_absence() { return breaking<ErrorsOfOpenAreAbsence>(); }
Breaking errors_of_locks_are_locks() { return breaking<ErrorsOfLocksAreLocks>(); }
Breaking errors_are_mixed_up() { return breaking<ErrorsAreMixedUp>(); }
Breaking errors_are_thrown() { return breaking<ErrorsAreThrown>(); }
Breaking temporary_files_are_hidden() { return breaking<TemporaryFilesAreHidden>(); }
Breaking spares_are_never_cut() { return breaking<SparesAreNeverCut>(); }
Breaking runs_differ() { return breaking<RunsDiffer>(); }

}  // namespace sess::test
