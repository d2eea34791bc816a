#include "completion.hpp"

#include "command_table.hpp"
#include "failure.hpp"
#include "open_store.hpp"
#include "session_name.hpp"

#include <sess/error.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <span>

#include <unistd.h>

namespace sessctl {
namespace {

using Also = Completion::Also;

struct Choice {
  std::string_view name;  // of an option, or of a command for its first operand
  std::span<const std::string_view> words;
};

constexpr auto colors = std::to_array<std::string_view>({"auto", "always", "never"});
constexpr auto kinds = std::to_array<std::string_view>({"anonymous", "authenticated"});
constexpr auto states = std::to_array<std::string_view>({"live", "superseded", "expired", "unreadable", "all"});
constexpr auto handlers = std::to_array<std::string_view>({"php", "php_binary", "php_serialize"});
constexpr auto columns = std::to_array<std::string_view>(
    {"key", "kind", "age", "idle-left", "size", "generation", "created", "deadline", "sealed", "state"});
constexpr auto quarantine_actions = std::to_array<std::string_view>({"ls", "show", "restore", "purge"});
constexpr auto shells = std::to_array<std::string_view>({"bash", "zsh", "fish"});

/// The arguments of which there are only some: of options, and the first operands of commands.
constexpr auto choices = std::to_array<Choice>({{"--color", colors},
                                                {"--kind", kinds},
                                                {"--state", states},
                                                {"--php-handler", handlers},
                                                {"--sort", columns},
                                                {"--columns", columns},
                                                {"quarantine", quarantine_actions},
                                                {"completion", shells}});

const Choice* find_choice(std::string_view name) {
  const auto found = std::ranges::find(choices, name, &Choice::name);
  return found == choices.end() ? nullptr : &*found;
}

/// No command's table is asked for more: a person looks at them.
constexpr std::size_t most_keys = 100;
constexpr std::size_t digits_shown = 12;  // as in tables

class Offer {
 public:
  Offer(std::string_view last, Completion& completion) : last_(last), completion_(completion) {}

  void add(std::string_view word, std::string_view description = {}) const {
    if (word.starts_with(last_)) completion_.candidates.push_back({std::string(word), std::string(description)});
  }

 private:
  std::string_view last_;
  Completion& completion_;
};

std::vector<OptionFacts> options_of(const Command& command) {
  std::vector<OptionFacts> options;
  Output none(STDOUT_FILENO);
  command.run({command, {}, {}, none, &options});
  return options;
}

const OptionFacts* find_option(const std::vector<OptionFacts>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &OptionFacts::name);
  return found == options.end() ? nullptr : &*found;
}

/// What stands before the word that is completed.
struct Before {
  const Command* command = nullptr;
  bool asks_help = false;
  std::string store;
  std::vector<OptionFacts> options;
  std::size_t operands = 0;
  bool names_id = false;
  const OptionFacts* open = nullptr;  // an option whose argument is completed
  bool after_dashes = false;          // all that follows are operands
};

const OptionFacts store_before_command = {"--store", "DIR", "The store"};

Before read(const std::vector<std::string>& words) {
  Before before;
  // An '=' of its own: bash has taken "--store=x" apart.
  for (std::size_t at = 0; at + 1 < words.size(); ++at) {
    const std::string& word = words[at];
    if (before.open != nullptr) {
      if (word == "=") continue;
      if (before.open->name == "--store") before.store = word;
      before.open = nullptr;
    } else if (before.after_dashes) {
      ++before.operands;
    } else if (word == "--" && before.command != nullptr) {
      before.after_dashes = true;
    } else if (word.starts_with("--")) {
      const std::string name = word.substr(0, word.find('='));
      const OptionFacts* const option = before.command != nullptr ? find_option(before.options, name)
                                        : name == "--store"       ? &store_before_command
                                                                  : nullptr;
      before.names_id = before.names_id || name == "--id";
      if (option == nullptr || option->argument.empty()) continue;
      if (name == word)
        before.open = option;
      else if (name == "--store")
        before.store = word.substr(name.size() + 1);
    } else if (before.command == nullptr && word == "help") {
      before.asks_help = true;
    } else if (before.command == nullptr) {
      before.command = find_command(word);
      if (before.command == nullptr) return before;
      before.options = options_of(*before.command);
    } else {
      ++before.operands;
    }
  }
  return before;
}

void offer_keys(const Before& before, std::string_view last, const Offer& offer) {
  const char* const environment = std::getenv("SESS_STORE");
  const std::string path = before.store.empty() && environment != nullptr ? environment : before.store;
  const std::optional<std::string> digits = digits_of_key(last);
  if (path.empty() || !digits) return;
  try {
    const sess::Store store = open_store(path);
    std::size_t left = most_keys;
    // One digit at least is asked for.
    for (const char first : digits->empty() ? std::string("0123456789abcdef") : std::string(1, digits->front())) {
      if (left == 0) return;
      const std::vector<sess::SessionKey> found = store.find(digits->empty() ? std::string(1, first) : *digits, left);
      for (const sess::SessionKey& key : found)
        offer.add(key.to_string().substr(0, std::max(digits_shown, digits->size())));
      left -= found.size();
    }
  } catch (const Failure&) {  // said by the command itself, when it is run
  } catch (const sess::Error&) {
  }
}

void offer_argument(const OptionFacts& option, std::string_view last, Completion& completion) {
  if (const Choice* const choice = find_choice(option.name)) {
    // Of those that commas separate the last one is completed, and another one may follow.
    std::string_view done;
    if (option.name == "--columns") {
      completion.also = Also::list;
      done = last.substr(0, last.rfind(',') + 1);
    }
    for (const std::string_view word : choice->words) Offer(last, completion).add(std::string(done).append(word));
  } else if (option.argument == "DIR") {
    completion.also = Also::directories;
  } else if (option.argument == "FILE") {
    completion.also = Also::files;
  }
}

void offer_operand(const Before& before, std::string_view last, Completion& completion) {
  const Offer offer(last, completion);
  const std::string_view name = before.command->name;
  const bool takes_key = find_option(before.options, "--id") != nullptr && !before.names_id && before.operands == 0;
  if (const Choice* const choice = find_choice(name)) {
    if (before.operands > 0) return;
    for (const std::string_view word : choice->words) offer.add(word);
  } else if (takes_key || name == "rm" || name == "watch") {
    offer_keys(before, last, offer);
  } else if (name == "gc") {
    completion.also = Also::directories;
  } else if (name == "import") {
    completion.also = Also::files;
  }
}

}  // namespace

Completion complete(const std::vector<std::string>& words) {
  Completion completion;
  if (words.empty()) return completion;
  const Before before = read(words);
  std::string_view last = words.back();
  const Offer offer(last, completion);
  if (before.open != nullptr) {
    if (last == "=") last = {};
    offer_argument(*before.open, last, completion);
  } else if (before.command == nullptr && last.starts_with('-') && !before.asks_help) {
    offer.add("--store", "The store");
    offer.add("--help", "Print the list of commands");
    offer.add("--version", "Print which version this is");
  } else if (before.command == nullptr) {
    for (const Command& command : command_table()) offer.add(command.name, command.summary);
    if (!before.asks_help) offer.add("help", "say more about a command");
  } else if (last.starts_with('-') && !before.after_dashes) {
    for (const OptionFacts& option : before.options) offer.add(option.name, option.description);
  } else {
    offer_operand(before, last, completion);
  }
  return completion;
}

}  // namespace sessctl
