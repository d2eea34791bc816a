#include "flawed_system.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "support/broken_system.hpp"

namespace sess::test {

namespace {

using sys::OpenMode;

class FlawedSystem final : public ForwardingSystem {
 public:
  FlawedSystem(std::shared_ptr<sys::System> inner, Flaw flaw, const Deed& deed)
      : ForwardingSystem(std::move(inner)), flaw_(flaw), deed_(deed) {}

  int open(int directory, const char* path, OpenMode mode) override {
    const int descriptor = ForwardingSystem::open(directory, path, mode);
    spares_.erase(descriptor);
    if (std::string_view(path).ends_with('~') && mode == OpenMode::read_write) spares_.insert(descriptor);
    if (mode != OpenMode::directory) last_opened_ = descriptor;
    return descriptor;
  }
  int close(int descriptor) override {
    if (flaw_ == Flaw::lock_is_kept && locked_.contains(descriptor)) return 0;
    return ForwardingSystem::close(descriptor);
  }
  int try_lock(int descriptor) override {
    if (flaw_ == Flaw::sweep_without_lock && deed_ == Deed::sweep) return 0;
    if (flaw_ == Flaw::touch_without_lock && deed_ == Deed::touch) return 0;
    const int answer = ForwardingSystem::try_lock(descriptor);
    if (answer == 0) locked_.insert(descriptor);
    return answer;
  }
  int unlock(int descriptor) override { return flaw_ == Flaw::lock_is_kept ? 0 : ForwardingSystem::unlock(descriptor); }
  int status(int descriptor, sys::FileStatus& status) override {
    const int answer = ForwardingSystem::status(descriptor, status);
    if (flaw_ == Flaw::spare_looks_empty && spares_.contains(descriptor)) status.modified = {};
    return answer;
  }
  int status_at(int directory, const char* path, sys::FileStatus& status) override {
    if (flaw_ == Flaw::snapshot_without_second_look && deed_ == Deed::snapshot)
      return ForwardingSystem::status(last_opened_, status);
    return ForwardingSystem::status_at(directory, path, status);
  }
  std::int64_t read(int descriptor, std::span<std::byte> buffer, std::uint64_t offset) override {
    if (flaw_ == Flaw::spare_looks_empty && spares_.contains(descriptor)) return 0;
    return ForwardingSystem::read(descriptor, buffer, offset);
  }
  int rename(int directory, const char* from, int to_directory, const char* to, sys::RenameMode mode) override {
    if (flaw_ != Flaw::exchange_in_three || mode != sys::RenameMode::exchange)
      return ForwardingSystem::rename(directory, from, to_directory, to, mode);
    const std::string aside = std::string(to) + ".aside";
    const auto move = [&](const char* this_name, const char* that_name) {
      return ForwardingSystem::rename(directory, this_name, to_directory, that_name, sys::RenameMode::replace);
    };
    int answer = move(from, aside.c_str());
    if (answer == 0) answer = move(to, from);
    return answer == 0 ? move(aside.c_str(), to) : answer;
  }
  int unlink(int directory, const char* path) override {
    std::string name(path);
    if (flaw_ == Flaw::record_before_spare && (deed_ == Deed::destroy || deed_ == Deed::sweep)) {
      if (name.ends_with('~'))
        name.pop_back();
      else if (!name.ends_with(".temp"))
        name += '~';
    }
    return ForwardingSystem::unlink(directory, name.c_str());
  }

 private:
  Flaw flaw_;
  const Deed& deed_;
  std::set<int> spares_;  // descriptors
  std::set<int> locked_;
  int last_opened_ = -1;
};

}  // namespace

std::shared_ptr<sys::System> flawed(std::shared_ptr<sys::System> inner, Flaw flaw, const Board& board, unsigned actor) {
  switch (flaw) {
    case Flaw::none:
      return inner;
    case Flaw::no_lock:
      return std::make_shared<BrokenSystem>(std::move(inner), Breakage::no_lock);
    case Flaw::blind_status:
      return std::make_shared<BrokenSystem>(std::move(inner), Breakage::blind_status);
    case Flaw::no_times:
      return std::make_shared<BrokenSystem>(std::move(inner), Breakage::no_times);
    case Flaw::frozen_stamp:
      return std::make_shared<BrokenSystem>(std::move(inner), Breakage::frozen_stamp);
    default:
      return std::make_shared<FlawedSystem>(std::move(inner), flaw, board.deeds[actor]);
  }
}

}  // namespace sess::test
