// A session holds what clients sent. None of it may reach a terminal as anything but text.
#include "cli/pseudo_terminal.hpp"
#include "cli/sessctl_program.hpp"

#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sess/sess.hpp>

using cli::TestStore;
using nlohmann::json;

namespace {

// ESC, the C1 form of CSI in UTF-8, a bell, an override of direction, and a byte that is not UTF-8.
const std::string hostile =
    "a\x1b[2J\xC2\x9B"
    "31m\a\xE2\x80\xAE\xFF.z";

bool is_safe(const std::string& text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n') return false;
  return text.find('\x7f') == std::string::npos && text.find("\xC2\x9B") == std::string::npos &&
         text.find("\xE2\x80\xAE") == std::string::npos && text.find('\xFF') == std::string::npos;
}

struct Cart {
  int items = 0;
};

}  // namespace

template <>
struct sess::Codec<Cart> {
  static std::string_view type_name() { return "shop.\x1b[31mcart"; }
  static std::uint32_t version() { return 2; }
  static void encode(sess::ByteWriter& out, const Cart& cart) { out.put_signed(cart.items); }
  static Cart decode(sess::ByteReader& in, std::uint32_t) { return {static_cast<int>(in.get_signed())}; }
};

TEST_CASE("hostile names and values are shown with their control characters escaped") {
  const TestStore store;
  const std::string key = store.create_key({"v=" + hostile, hostile + "=1"});
  const std::string shown = store.ok({"show", key});
  CHECK(is_safe(shown));
  CHECK(shown.find(R"(v = "a\u001b[2J\u009b31m\u0007\u202e)") != std::string::npos);
  const std::string as_json = store.ok({"show", key, "--json"});
  CHECK(is_safe(as_json));
  CHECK(json::parse(as_json).at("values").at("v") ==
        "a\x1b[2J\xC2\x9B"
        "31m\a\xE2\x80\xAE\xEF\xBF\xBD.z");
}

TEST_CASE("metrics have the path of their store without its control characters") {
  const TestStore store;
  const std::string path = store.directory() / hostile;
  std::filesystem::rename(store.path(), path);
  const std::string text = cli::run({"stats", "--prometheus", "--store", path}).out;
  CHECK(text.find("/a\\\\u001b[2J\\\\u009b31m\\\\u0007\\\\u202e\xEF\xBF\xBD.z\"") != std::string::npos);
  CHECK(is_safe(text));
}

TEST_CASE("get writes a string as it is into a pipe and escaped into a terminal" * cli::needs_terminal()) {
  const TestStore store;
  const std::string key = store.create_key({"v=" + hostile, "two=a\nb", "tab=a\tb"});
  CHECK(store.run({"get", key, "v"}).out == hostile + "\n");
  const auto on_terminal = [&](const char* name) {
    return cli::shown({.arguments = store.start({"get", key, name}).arguments, .environment = {{"LC_ALL", "C.UTF-8"}}});
  };
  CHECK(on_terminal("v") == "a\\u001b[2J\\u009b31m\\u0007\\u202e\xEF\xBF\xBD.z\n");
  CHECK(on_terminal("two") == "a\nb\n");
  CHECK(on_terminal("tab") == "a\\u0009b\n");
}

TEST_CASE("a name that is not there is repeated escaped and on one line") {
  const TestStore store;
  const std::string key = store.create_key({"a=1"});
  const cli::Finished finished = store.run({"get", key, "x\n" + hostile});
  CHECK(finished.code == 66);
  CHECK(cli::is_one_error_line(finished.err));
  CHECK(is_safe(finished.err));
}

TEST_CASE("a type of the program's own is shown as its name, version and size") {
  const TestStore store;
  const std::string key = store.create_key();
  const auto opened = sess::Store::open(store.path());
  REQUIRE(opened.update(*sess::SessionKey::parse(key), [](sess::Editor& editor) { editor.set("cart", Cart{7}); }).ok());
  const std::string shown = store.ok({"show", key});
  CHECK(is_safe(shown));
  CHECK(shown.find(R"(cart = <shop.\u001b[31mcart, version 2, 1>)") != std::string::npos);
  CHECK(json::parse(store.ok({"get", key, "cart"})) ==
        json({{"$user", {{"type", "shop.\x1b[31mcart"}, {"version", 2}, {"size", 1}}}}));
  store.ok({"set", key, "a=1"});  // sessctl does not know the type, and keeps its bytes
  CHECK(opened.snapshot(*sess::SessionKey::parse(key))->get<Cart>("cart")->items == 7);
}
