#include "demo/site/libsess_site.hpp"

#include "demo/site/libsess_pages.hpp"

#include <chrono>
#include <iostream>
#include <string_view>

namespace demo {

namespace {

constexpr std::string_view cart_prefix = "cart:";

class LibsessSession : public SiteSession {
 public:
  LibsessSession(sess::web::Request& request, bool tokens) : request_(request), tokens_(tokens) {}

  std::optional<std::string> user() override { return request_.principal(); }
  void login(const std::string& user) override { request_.authenticate(user); }
  void logout() override { request_.logout(); }

  std::int64_t number(const std::string& name) override { return values().peek<std::int64_t>(name).value_or(0); }
  void add(const std::string& name, std::int64_t amount) override { values().add(name, amount); }
  void set_text(const std::string& name, const std::string& text) override { values().set(name, text); }
  std::optional<std::string> take_text(const std::string& name) override { return values().take<std::string>(name); }
  // A name for each item, so that two requests that add to the cart at once never conflict.
  void add_to_cart(const std::string& item) override { values().add(std::string(cart_prefix) + item, 1); }
  std::map<std::string, std::int64_t> cart() override {
    std::map<std::string, std::int64_t> items;
    for (const auto& [name, value] : values().values())
      if (name.starts_with(cart_prefix)) items.emplace(name.substr(cart_prefix.size()), value.as<std::int64_t>(name));
    return items;
  }

  std::string csrf_token() override { return tokens_ ? request_.csrf_token() : ""; }
  void add_notice(const std::string& text) override { request_.flash("notice", text); }
  std::vector<std::string> take_notices() override {
    std::vector<std::string> notices;
    for (const sess::Value& notice : request_.take_flash("notice")) notices.push_back(notice.as<std::string>());
    return notices;
  }
  void expire_at_once() override { values().set_idle_timeout(std::chrono::milliseconds(1)); }

 private:
  sess::Editor& values() { return request_.session(); }

  sess::web::Request& request_;
  bool tokens_;
};

}  // namespace

LibsessSite::LibsessSite(const sess::Store& store, const Gate& gate, const Settings& settings)
    : gate_(gate),
      slowness_(settings.slow_pages),
      secure_(settings.secure),
      store_(store),
      site_("libsess", gate, [store] { static_cast<void>(store.gc()); }) {}

sess::web::Handler LibsessSite::handler() const {
  return [this](sess::web::Request& request, sess::web::Response& response) {
    gate_.stop(request, "load");
    LibsessSession session(request, !gate_.enabled());
    if (!answer_libsess_page(store_, request, response)) site_.answer(request, session, response);
    slowness_.take_time(request);
    gate_.stop(request, "save");
  };
}

sess::web::RunOptions LibsessSite::run_options() const {
  sess::web::RunOptions options;
  options.cookies.attributes.secure = secure_;
  options.cookies.attributes.max_age = std::chrono::hours(24 * 30);
  options.cookies.renewal_interval = std::chrono::hours(24);
  options.cookies.first_idle_timeout = std::chrono::minutes(2);
  options.cookies.clear_site_data = {.storage = true};
  options.cookies.address_parameter = "session";
  options.access = access_of;
  // The replay program sends the same requests to a site that knows no tokens.
  options.check_csrf_token = !gate_.enabled();
  options.on_error = [](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& what) {
      std::cerr << "demo: " << what.what() << '\n';
    } catch (...) {
      std::cerr << "demo: unknown exception\n";
    }
  };
  options.on_response = [this](const sess::web::HttpRequest& request, const sess::web::Response&, sess::Status) {
    gate_.stop(request, "send");
  };
  return options;
}

}  // namespace demo
