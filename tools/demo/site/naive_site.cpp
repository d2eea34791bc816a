#include "demo/site/naive_site.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "demo/site/replay_part.hpp"

#include <chrono>
#include <fstream>
#include <iostream>
#include <random>

namespace demo {

namespace {

constexpr const char* replay_directory = "replay";
constexpr std::chrono::milliseconds idle_timeout = std::chrono::minutes(24);

std::int64_t now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

std::string random_name() {
  std::random_device random;
  std::string name;
  for (int word = 0; word < 4; ++word) name += fmt::format("{:08x}", random());
  return name;
}

bool is_name(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// The session that a file holds; nothing if there is none, or if it has expired.
nlohmann::json load(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return nullptr;
  nlohmann::json data = nlohmann::json::parse(in, nullptr, false);
  if (!data.is_object() || data.value("expires", std::int64_t{0}) <= now()) return nullptr;
  return data;
}

void save(const std::filesystem::path& file, const nlohmann::json& data) {
  const std::filesystem::path temporary = file.string() + "." + random_name();
  std::ofstream(temporary) << data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::filesystem::rename(temporary, file);
}

class NaiveSession : public SiteSession {
 public:
  explicit NaiveSession(nlohmann::json& data) : data_(data) {}

  bool ended() const { return ended_; }
  std::chrono::milliseconds timeout() const { return timeout_; }

  std::optional<std::string> user() override {
    if (!data_.contains("user")) return std::nullopt;
    return data_["user"].get<std::string>();
  }
  void login(const std::string& user) override { data_["user"] = user; }
  void logout() override { ended_ = true; }
  std::int64_t number(const std::string& name) override { return data_.value(name, std::int64_t{0}); }
  void add(const std::string& name, std::int64_t amount) override { data_[name] = number(name) + amount; }
  void set_text(const std::string& name, const std::string& text) override { data_[name] = text; }
  std::optional<std::string> take_text(const std::string& name) override {
    if (!data_.contains(name)) return std::nullopt;
    const auto text = data_[name].get<std::string>();
    data_.erase(name);
    return text;
  }
  void add_to_cart(const std::string& item) override {
    if (!data_.contains("cart")) data_["cart"] = nlohmann::json::object();
    nlohmann::json& items = data_["cart"];
    items[item] = items.value(item, std::int64_t{0}) + 1;
  }
  std::map<std::string, std::int64_t> cart() override {
    if (!data_.contains("cart")) return {};
    return data_["cart"].get<std::map<std::string, std::int64_t>>();
  }
  void add_notice(const std::string& text) override { data_["notices"].push_back(text); }
  std::vector<std::string> take_notices() override {
    if (!data_.contains("notices")) return {};
    auto notices = data_["notices"].get<std::vector<std::string>>();
    data_.erase("notices");
    return notices;
  }
  void expire_at_once() override { timeout_ = std::chrono::milliseconds(1); }

 private:
  nlohmann::json& data_;
  bool ended_ = false;
  std::chrono::milliseconds timeout_ = idle_timeout;
};

}  // namespace

NaiveSite::NaiveSite(const Settings& settings, const Gate& gate)
    : directory_(settings.naive),
      gate_(gate),
      slowness_(settings.slow_pages),
      secure_(settings.secure),
      site_("a naive file store", false, gate, [this] { sweep(); }) {
  if (directory_.empty()) throw std::runtime_error("DEMO_NAIVE is not set: it names the directory of the sessions");
  std::filesystem::create_directories(directory_);
  if (slowness_.allowed()) std::filesystem::create_directories(directory_ / replay_directory);
}

std::string NaiveSite::answer(const sess::web::HttpRequest& request) const {
  sess::web::Response response;
  try {
    const auto replayed = replayed_path(request, slowness_);
    // What the replay part keeps is apart from the site's sessions, and so are its cookies.
    const std::filesystem::path directory = replayed ? directory_ / replay_directory : directory_;
    const std::string cookie_name = replayed ? "naive-replay" : "naive";
    sess::web::CookieAttributes attributes{.secure = secure_};
    if (replayed) attributes.path = replay_cookie_path(request);

    std::string name = request.cookie(cookie_name).value_or("");
    nlohmann::json data = is_name(name) ? load(directory / name) : nlohmann::json();
    const bool fresh = data.is_null();
    if (fresh) {
      name = random_name();
      data = nlohmann::json::object();
    }
    gate_.stop(request, "load");

    NaiveSession session(data);
    site_.answer(replayed.value_or(SitePath{.path = request.path()}), request, session, response);
    slowness_.take_time(request);
    gate_.stop(request, "save");

    std::vector<std::string> set_cookie;
    if (session.ended()) {
      std::filesystem::remove(directory / name);
      set_cookie.push_back(sess::web::delete_cookie(cookie_name, attributes));
    } else {
      data["expires"] = now() + session.timeout().count();
      save(directory / name, data);
      if (fresh) set_cookie.push_back(sess::web::set_cookie(cookie_name, name, attributes));
    }
    for (const std::string& cookie : set_cookie) response.add_cookie(cookie);
    if (replayed) tell_cookies(set_cookie, response);
  } catch (const std::exception& error) {
    std::cerr << "demo: " << error.what() << '\n';
    response.clear();
    response.status(500);
  }
  gate_.stop(request, "send");
  return response.render(request.method() != "HEAD");
}

void NaiveSite::sweep() const {
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (!is_name(entry.path().filename().string()) || !load(entry.path()).is_null()) continue;
    std::error_code ignored;
    std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace demo
