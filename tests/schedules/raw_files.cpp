// What the controller and the actors do to the store's files behind the library's back.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <stdexcept>
#include <variant>
#include <vector>

#include "format/gc_state.hpp"
#include "format/header.hpp"
#include "format/names.hpp"
#include "format/values_codec.hpp"
#include "judgement.hpp"
#include "sys/unique_fd.hpp"

namespace sess::test {

namespace {

/// An open file of the store, without the system that stops.
class RawFile {
 public:
  RawFile(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC | O_NOATIME)) {}
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  struct ::stat status() const {
    struct ::stat found {};
    ::fstat(descriptor_, &found);
    return found;
  }
  std::vector<std::byte> content() const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(status().st_size));
    const ssize_t got = ::pread(descriptor_, bytes.data(), bytes.size(), 0);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  int descriptor_;
};

std::string record_path(const std::string& path, const SessionKey& key) {
  return path + "/shards/" + format::record_name(key).c_str();
}

std::optional<Marks> marks_of(const RawFile& file, const SessionKey& key) {
  const std::vector<std::byte> bytes = file.content();
  if (!std::holds_alternative<format::Header>(format::verify_record(bytes, key))) return std::nullopt;
  return content_of(format::decode_values(std::span(bytes).subspan(format::header_size))).marks;
}

}  // namespace

void sweep_begins_at(const std::string& path, const SessionKey& key) {
  const RawFile file(path + "/" + format::gc_file, O_RDWR);
  const std::vector<std::byte> bytes = file.content();
  format::GcState state =
      format::parse_gc_state({reinterpret_cast<const char*>(bytes.data()), bytes.size()}).value_or(format::GcState{});
  state.next_shard = key.bytes()[0];
  const std::string text = format::to_text(state);
  if (::pwrite(file.descriptor(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("cannot write the file gc");
}

void check_spare(Board& board, unsigned session, const std::string& path) {
  const SessionKey& key = board.ledger.session(session).key;
  const RawFile record(record_path(path, key), O_RDONLY);
  const RawFile spare(record_path(path, key) + "~", O_RDONLY);
  if (!record || !spare) return;
  const auto current = marks_of(record, key);
  const auto before = marks_of(spare, key);
  if (current && before && std::popcount(*current & ~*before) > 1)
    board.ledger.fault("the spare is older than the version before");
}

bool damage(Board& board, unsigned session, const std::string& path) {
  const SessionKey& key = board.ledger.session(session).key;
  const RawFile record(record_path(path, key), O_RDWR);
  const RawFile spare(record_path(path, key) + "~", O_RDONLY);
  if (!record || !spare || record.status().st_nlink != 1 || spare.status().st_nlink != 1) return false;
  if (::flock(record.descriptor(), LOCK_EX | LOCK_NB) != 0) return false;
  const auto current = marks_of(record, key);
  const auto before = marks_of(spare, key);
  if (!current || !before) return false;

  const struct ::stat status = record.status();
  const std::array<off_t, 3> sizes = {0, status.st_size / 2, status.st_size - 1};
  if (::ftruncate(record.descriptor(), sizes[board.schedule.below(sizes.size())]) != 0) return false;
  const std::array<timespec, 2> times = {status.st_mtim, status.st_mtim};
  ::futimens(record.descriptor(), times.data());
  board.ledger.forget(session, *current & ~*before);
  return true;
}

}  // namespace sess::test
