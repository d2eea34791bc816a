#include "scale/course.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

namespace scale {
namespace {

// Standard streams, a store's own directories, and a few files for each of the threads of verify, of which there are at
// most eight unless more are asked for.
constexpr rlim_t most_descriptors = 64;

}  // namespace

std::string Course::make_store(const std::string& name, const std::string& keyring_of) const {
  std::string store = path(name);
  REQUIRE(cli::run({"init", "--store", store}).code == 0);
  if (!keyring_of.empty())
    std::filesystem::copy_file(keyring_of + "/keys", store + "/keys",
                               std::filesystem::copy_options::overwrite_existing);
  return store;
}

cli::Finished Course::run(const std::string& name, const std::string& store, std::vector<std::string> arguments,
                          const std::vector<int>& codes, int output) {
  arguments.insert(arguments.begin() + 1, {"--store", store});
  const auto start = std::chrono::steady_clock::now();
  cli::Finished finished =
      cli::run(cli::Start{.arguments = std::move(arguments), .output = output, .most_descriptors = most_descriptors});
  const auto duration = std::chrono::steady_clock::now() - start;
  costs_.emplace_back(name, Cost{std::chrono::duration_cast<std::chrono::milliseconds>(duration), finished.peak});
  INFO("sessctl ", name, " ended with ", finished.code, ": ", finished.err);
  REQUIRE(std::ranges::find(codes, finished.code) != codes.end());
  return finished;
}

cli::Finished Course::run(const std::string& name, const std::string& store, std::vector<std::string> arguments) {
  return run(name, store, std::move(arguments), {0});
}

nlohmann::json Course::answer(const std::string& name, const std::string& store, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin() + 1, "--json");
  const cli::Finished finished = run(name, store, std::move(arguments));
  CHECK(finished.err.empty());
  return nlohmann::json::parse(finished.out);
}

std::string Course::print(const std::string& name, const std::string& store, std::vector<std::string> arguments) {
  std::string file = path("printed by " + name);
  const int output = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  REQUIRE(output >= 0);
  const cli::Finished finished = run(name, store, std::move(arguments), {0}, output);
  ::close(output);
  CHECK(finished.err.empty());
  return file;
}

std::uint64_t sessions_in(const std::string& file, Lines lines) {
  const std::string before_key = "\"key\":\"";
  constexpr std::size_t key_size = 40;
  std::ifstream text(file);
  std::uint64_t count = 0;
  std::uint64_t out_of_order = 0;
  std::string last;
  for (std::string line; std::getline(text, line);) {
    // A value may have the same words, but it comes later.
    const std::size_t at = line.find(before_key);
    if (at == std::string::npos) continue;
    std::string key = line.substr(at + before_key.size(), key_size);
    if (key <= last) ++out_of_order;
    last = std::move(key);
    ++count;
  }
  if (lines == Lines::in_order) CHECK(out_of_order == 0);
  return count;
}

bool are_equal(const std::string& left, const std::string& right) {
  using Bytes = std::istreambuf_iterator<char>;
  std::ifstream first(left, std::ios::binary);
  std::ifstream second(right, std::ios::binary);
  if (!first || !second) throw std::runtime_error("cannot read " + left + " or " + right);
  return std::equal(Bytes(first), Bytes(), Bytes(second), Bytes());
}

}  // namespace scale
