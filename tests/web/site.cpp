#include "web/site.hpp"

#include <cerrno>
#include <string>
#include <string_view>

#include "store/core.hpp"
#include "support/broken_system.hpp"
#include "support/system_call.hpp"

namespace sess::test {

namespace {

web::SessionCookieOptions cookie_options() {
  web::SessionCookieOptions options;
  options.attributes.secure = false;
  return options;
}

/// The real system calls under a wall clock that the test moves, with syncs counted and a fault on demand. What is
/// random is the same in each run.
class SiteSystem final : public BrokenSystem {
 public:
  SiteSystem(const SharedCounter& clock, SharedCounter& draws, SharedCounter& syncs, SharedCounter& unlinks_to_fail)
      : BrokenSystem(Breakage::none), clock_(clock), draws_(draws), syncs_(syncs), unlinks_to_fail_(unlinks_to_fail) {}

  std::int64_t wall_clock() override { return clock_.value(); }
  std::chrono::nanoseconds boot_clock() override { return std::chrono::milliseconds(clock_.value()); }
  int random(std::span<std::byte> buffer) override {
    for (std::byte& byte : buffer) byte = static_cast<std::byte>(mixed(0, static_cast<std::uint64_t>(draws_.add())));
    return 0;
  }
  int sync_data(int descriptor) override {
    syncs_.add();
    return BrokenSystem::sync_data(descriptor);
  }
  int unlink(int directory, const char* path) override {
    if (unlinks_to_fail_.value() == 0) return BrokenSystem::unlink(directory, path);
    unlinks_to_fail_.add(-1);
    return -EIO;
  }

 private:
  const SharedCounter& clock_;
  SharedCounter& draws_;
  SharedCounter& syncs_;
  SharedCounter& unlinks_to_fail_;
};

}  // namespace

void Browser::receive(const std::vector<std::string>& set_cookie) {
  for (const std::string& line : set_cookie) {
    const std::string name = line.substr(0, line.find('='));
    if (line.find("; Max-Age=0") != std::string::npos) {
      cookies_.erase(name);
    } else {
      cookies_[name] = line.substr(name.size() + 1, line.find(';') - name.size() - 1);
    }
  }
}

void Browser::receive_answer(const std::string& answer) {
  constexpr std::string_view start = "\r\nSet-Cookie: ";
  const std::string head = answer.substr(0, answer.find("\r\n\r\n"));
  for (auto at = head.find(start); at != std::string::npos; at = head.find(start, at)) {
    at += start.size();
    receive({head.substr(at, head.find('\r', at) - at)});
  }
}

std::string Browser::header() const {
  std::string header;
  for (const auto& [name, value] : cookies_) header += (header.empty() ? "" : "; ") + name + "=" + value;
  return header;
}

Site::Site(const StoreOptions& options, std::uint64_t seed)
    : store_([&] {
        draws_.set(static_cast<std::int64_t>(seed << 32));
        clock_.set(1'700'000'000'000);
        StoreOptions all = options;
        all.create = true;
        return open_store(std::make_shared<SiteSystem>(clock_, draws_, syncs_, unlinks_to_fail_), path_, all);
      }()),
      cookies_(std::make_shared<const web::SessionCookies>(cookie_options())) {}

Status Site::visit(Browser& browser, const std::function<void(web::RequestSession&)>& work) {
  web::RequestSession session = request(browser);
  if (const Status status = session.start(); !status.ok()) return status;
  work(session);
  const web::Finished finished = session.finish();
  browser.receive(finished.set_cookie);
  return finished.status;
}

Result<Snapshot> Site::session(const Browser& browser, const std::string& cookie) {
  if (!browser.has(cookie)) return Outcome::absent;
  return store_.snapshot(store_.parse(browser.value(cookie)).value());
}

std::vector<SessionEntry> Site::sessions() {
  std::vector<SessionEntry> entries;
  store_.list([&](const SessionEntry& entry) {
    entries.push_back(entry);
    return true;
  });
  return entries;
}

web::RunOptions run_options() {
  web::RunOptions options;
  options.cookies = cookie_options();
  return options;
}

web::BodyReader body_of(std::string text) {
  return [text = std::move(text), at = std::size_t{0}](char* buffer, std::size_t size) mutable {
    const std::size_t count = text.copy(buffer, size, at);
    at += count;
    return count;
  };
}

}  // namespace sess::test
