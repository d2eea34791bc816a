#include "breakages.hpp"

#include "backend/stamp.hpp"
#include "format/header.hpp"
#include "format/names.hpp"
#include "support/broken_system.hpp"
#include "support/forwarding_system.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace sess::test {

namespace {

using sys::OpenMode;
using sys::RenameMode;

template <class Broken, class... Arguments>
Breaking breaking(Arguments... arguments) {
  return [=](std::shared_ptr<sys::System> inner) { return std::make_shared<Broken>(std::move(inner), arguments...); };
}

bool is_spare(std::string_view path) { return path.ends_with('~'); }
bool is_temporary(std::string_view path) { return path.ends_with(".temp"); }

struct TimesAfterRename final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int set_times(int descriptor, sys::FileTime time) override {
    later_ = {descriptor, time};
    return 0;
  }
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override {
    const int answer = ForwardingSystem::rename(directory, from, to_directory, to, mode);
    if (const auto later = std::exchange(later_, std::nullopt))
      ForwardingSystem::set_times(later->first, later->second);
    return answer;
  }

 private:
  std::optional<std::pair<int, sys::FileTime>> later_;
};

struct RenameByUnlinkAndLink final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override {
    if (mode == RenameMode::no_replace) return ForwardingSystem::rename(directory, from, to_directory, to, mode);
    const std::string aside = std::string(to) + ".aside";
    link(to_directory, to, to_directory, aside.c_str());
    unlink(to_directory, to);
    const int answer = link(directory, from, to_directory, to);
    unlink(directory, from);
    if (mode == RenameMode::exchange) link(to_directory, aside.c_str(), directory, from);
    unlink(to_directory, aside.c_str());
    return answer;
  }
};

struct ExchangeByCopy final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override {
    if (mode != RenameMode::exchange) return ForwardingSystem::rename(directory, from, to_directory, to, mode);
    const int source = open(directory, from, OpenMode::read);
    const int target = open(to_directory, to, OpenMode::read_write);
    sys::FileStatus status_of_source;
    status(source, status_of_source);
    std::vector<std::byte> content(status_of_source.size);
    read(source, content, 0);
    truncate(target, 0);
    write(target, content, 0);
    set_times(target, status_of_source.modified);
    close(source);
    return close(target);
  }
};

struct TimesInTwoSteps final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int set_times(int descriptor, sys::FileTime time) override {
    ForwardingSystem::set_times(descriptor, {});
    return ForwardingSystem::set_times(descriptor, time);
  }
};

struct CreationWithoutTemporaryFile final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int open(int directory, const char* path, OpenMode mode) override {
    if (mode != OpenMode::create_exclusive || !is_temporary(path)) return ForwardingSystem::open(directory, path, mode);
    const std::string record(path, std::string_view(path).find('.'));
    return ForwardingSystem::open(directory, record.c_str(), mode);
  }
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override {
    return is_temporary(from) ? 0 : ForwardingSystem::rename(directory, from, to_directory, to, mode);
  }
};

struct RecordUnlinkedBeforeSpare final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int unlink(int directory, const char* path) override {
    if (is_spare(path)) {
      later_ = path;
      return 0;
    }
    const int answer = ForwardingSystem::unlink(directory, path);
    if (later_ == std::string(path) + "~") ForwardingSystem::unlink(directory, later_.c_str());
    return answer;
  }

 private:
  std::string later_;
};

struct RecordSetAsideBeforeSpare final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override {
    if (directory == to_directory) return ForwardingSystem::rename(directory, from, to_directory, to, mode);
    if (is_spare(from)) {
      later_ = {from, to};
      return 0;
    }
    const int answer = ForwardingSystem::rename(directory, from, to_directory, to, mode);
    ForwardingSystem::rename(directory, later_.first.c_str(), to_directory, later_.second.c_str(), mode);
    return answer;
  }

 private:
  std::pair<std::string, std::string> later_;
};

struct SpareUnlinkedBeforeRecovery final : ForwardingSystem {
  SpareUnlinkedBeforeRecovery(std::shared_ptr<sys::System> inner, const Scene* scene)
      : ForwardingSystem(std::move(inner)), scene_(scene) {}
  std::int64_t write(int descriptor, std::span<const std::byte> data, std::uint64_t offset) override {
    sys::FileStatus written;
    sys::FileStatus record;
    // Nothing but a recovery writes to the file that is linked at the record's name.
    if (status(descriptor, written) == 0 &&
        status_at(sys::working_directory, scene_->record_path().c_str(), record) == 0 &&
        written.identity == record.identity)
      unlink(sys::working_directory, scene_->spare_path().c_str());
    return ForwardingSystem::write(descriptor, data, offset);
  }

 private:
  const Scene* scene_;
};

struct BlindToKilledWriters final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override {
    const std::int64_t got = ForwardingSystem::read(descriptor, buffer, offset);
    if (buffer.size() == format::header_size) std::ranges::fill(buffer, std::byte{0});
    return got;
  }
  int status(int descriptor, sys::FileStatus& status) override {
    const int answer = ForwardingSystem::status(descriptor, status);
    hide_digits(status);
    return answer;
  }
  int status_at(int directory, const char* path, sys::FileStatus& status) override {
    const int answer = ForwardingSystem::status_at(directory, path, status);
    hide_digits(status);
    return answer;
  }

 private:
  static void hide_digits(sys::FileStatus& status) {
    status.modified.nanoseconds -= static_cast<std::uint32_t>(backend::digits_of(status.modified));
  }
};

struct TemporaryFilesStay final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int unlink(int directory, const char* path) override {
    return is_temporary(path) ? 0 : ForwardingSystem::unlink(directory, path);
  }
};

struct StoreFileWithoutContent final : ForwardingSystem {
  using ForwardingSystem::ForwardingSystem;
  int rename(int directory, const char* from, int to_directory, const char* to, RenameMode mode) override {
    if (std::string_view(to) == format::store_file) close(open(to_directory, to, OpenMode::create_exclusive));
    return ForwardingSystem::rename(directory, from, to_directory, to, mode);
  }
};

}  // namespace

Breaking times_after_rename() { return breaking<TimesAfterRename>(); }
Breaking rename_by_unlink_and_link() { return breaking<RenameByUnlinkAndLink>(); }
Breaking exchange_by_copy() { return breaking<ExchangeByCopy>(); }
Breaking times_in_two_steps() { return breaking<TimesInTwoSteps>(); }
Breaking creation_without_temporary_file() { return breaking<CreationWithoutTemporaryFile>(); }
Breaking record_unlinked_before_spare() { return breaking<RecordUnlinkedBeforeSpare>(); }
Breaking record_set_aside_before_spare() { return breaking<RecordSetAsideBeforeSpare>(); }
Breaking spare_unlinked_before_recovery(const Scene& scene) { return breaking<SpareUnlinkedBeforeRecovery>(&scene); }
Breaking blind_to_killed_writers() { return breaking<BlindToKilledWriters>(); }
Breaking temporary_files_stay() { return breaking<TemporaryFilesStay>(); }
Breaking fork_keeps_locks() { return breaking<BrokenSystem>(Breakage::fork_keeps_locks); }
Breaking store_file_without_content() { return breaking<StoreFileWithoutContent>(); }

}  // namespace sess::test
