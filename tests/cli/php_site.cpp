#include "cli/php_site.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

namespace cli {

namespace {

constexpr const char* program = R"php(<?php
session_start();
class Cart { public $items = ['tea']; private $note = 'p'; }
enum Suit: string { case Hearts = 'H'; }
$id = $_SERVER['QUERY_STRING'];
if (str_starts_with($id, 'plain')) {
  $_SESSION['null'] = null;
  $_SESSION['true'] = true;
  $_SESSION['false'] = false;
  $_SESSION['least'] = PHP_INT_MIN;
  $_SESSION['most'] = PHP_INT_MAX;
  $_SESSION['tenth'] = 0.1;
  $_SESSION['negative zero'] = -0.0;
  $_SESSION['inf'] = INF;
  $_SESSION['-inf'] = -INF;
  $_SESSION['nan'] = NAN;
  $_SESSION['big'] = 1e25;
  $_SESSION['least real'] = 5e-324;
  $_SESSION['text'] = "Gr\u{fc}\u{df}e \u{1f375};|\"}'\0";
  $_SESSION['binary'] = "\xff\x00\xfe";
  $_SESSION['empty'] = '';
  $_SESSION['list'] = [1, 'two', [3.5, []]];
  $_SESSION['map'] = ['a' => 1, 'b' => ['c' => null]];
  $_SESSION['numbers'] = ['1' => 'one', '01' => 'oh one', -3 => 'minus three'];
  $_SESSION['order'] = [1 => 'b', 0 => 'a'];
}
if (str_starts_with($id, 'objects')) {
  $_SESSION['n'] = 1;
  $_SESSION['cart'] = new Cart;
  $_SESSION['list'] = [1, new ArrayObject([2]), 3, new SplObjectStorage, new DateTime('2020-01-01')];
}
if (str_starts_with($id, 'enum')) { $_SESSION['n'] = 1; $_SESSION['suit'] = Suit::Hearts; }
if (str_starts_with($id, 'reference')) {
  $both = [1];
  $_SESSION['n'] = 1;
  $_SESSION['one'] = &$both;
  $_SESSION['other'] = &$both;
}
)php";

}  // namespace

Php::Php() {
  std::filesystem::create_directory(directory);
  std::ofstream(store.directory() / "site.php") << program;
}

std::filesystem::path Php::request(const std::string& id, const std::string& handler,
                                   const std::string& precision) const {
  const std::string command =
      "env -i REDIRECT_STATUS=1 REQUEST_METHOD=GET QUERY_STRING=" + id + " HTTP_COOKIE=PHPSESSID=" + id +
      " SCRIPT_FILENAME='" + (store.directory() / "site.php").string() + "' \"$(command -v php-cgi)\"" +
      " -n -d session.save_handler=files -d session.use_strict_mode=0 -d session.save_path='" + directory.string() +
      "' -d session.serialize_handler=" + handler + " -d serialize_precision=" + precision + " >'" +
      (store.directory() / "answer").string() + "' 2>&1";
  REQUIRE(std::system(command.c_str()) == 0);  // NOLINT(concurrency-mt-unsafe) one thread
  std::filesystem::path file = directory / ("sess_" + id);
  REQUIRE(std::filesystem::exists(file));
  return file;
}

Finished Php::import(std::vector<std::string> options) const {
  std::vector<std::string> arguments{"import", "--json", "--php", directory, "--map", map};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return store.run(arguments);
}

std::string Php::new_id(const std::string& php_id) const {
  std::ifstream file(map);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(php_id + " ")) return line.substr(php_id.size() + 1);
  return {};
}

std::string Php::map_text() const {
  std::ifstream file(map);
  return {std::istreambuf_iterator<char>(file), {}};
}

sess::Snapshot Php::session(const std::string& php_id) const {
  const sess::Store opened = sess::Store::open(store.path());
  const auto id = opened.parse(new_id(php_id));
  REQUIRE(id);
  return opened.snapshot(*id).value();
}

nlohmann::json Php::counts(int imported, int failed, int unchanged, int empty, int expired) {
  return {{"imported", imported}, {"failed", failed},   {"unchanged", unchanged},
          {"empty", empty},       {"expired", expired}, {"kept", 0}};
}

}  // namespace cli
