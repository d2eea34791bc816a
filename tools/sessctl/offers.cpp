#include "offers.hpp"

#include "command_facts.hpp"
#include "command_table.hpp"
#include "human.hpp"
#include "open_store.hpp"
#include "session_facts.hpp"
#include "session_name.hpp"

#include <sess/quarantine.hpp>
#include <sess/store.hpp>
#include <sess/transfer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

namespace sessctl {
namespace {

/// More are of no use to somebody who looks for one, and take longer than he wants to wait.
constexpr std::size_t most_names = 200;
/// From the first one on: a store with a million sessions is looked at for no longer. Until then the wait of the whole
/// command counts (cmd_completion.cpp).
constexpr std::chrono::milliseconds longest_look{300};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return lower;
}

/// What a shell does not take for something else, and no terminal for a command.
bool is_plain(std::string_view word) {
  return !word.empty() && word.front() != '-' && std::ranges::all_of(word, [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9') ||
           std::string_view("_.-+").find(each) != std::string_view::npos;
  });
}

/// The beginning of what help says: the rest is for who has the room to read it.
std::string first_words(const std::string& summary) {
  return summary.substr(0, std::min({summary.find("; "), summary.find(". "), summary.find(" (")}));
}

/// A line as far as it is there.
struct Line {
  const Command* command = nullptr;
  bool is_help = false;     // "help" stands before the command
  bool is_unknown = false;  // a command or an option of which nothing is known
  CommandFacts facts = {};
  std::set<std::string> given = {};  // options
  std::vector<std::string> operands = {};
  bool only_operands = false;  // "--" was there
  std::optional<std::string> store = std::nullopt;
  const OptionFacts* pending = nullptr;  // wants an argument; one of `facts`
};

const OptionFacts* find_option(const CommandFacts& facts, std::string_view name) {
  for (const OptionFacts& option : facts.options)
    if (std::ranges::find(option.names, name) != option.names.end()) return &option;
  return nullptr;
}

/// Before the command: those that every command has and that may stand there, too, and one more.
CommandFacts facts_before_commands(Output& out) {
  CommandFacts facts;
  for (const OptionFacts& option : facts_of(command_table().front(), out).options)
    if (option.names.back() == "--store" || option.names.back() == "--help") facts.options.push_back(option);
  facts.options.push_back({{"--version"}, "Print the version", "", {}, false});
  return facts;
}

void take_option(Line& line, const std::string& word) {
  const std::size_t sign = word.find('=');
  const OptionFacts* const option = find_option(line.facts, word.substr(0, sign));
  if (option == nullptr) {
    line.is_unknown = true;
    return;
  }
  line.given.insert(option->names.begin(), option->names.end());
  if (sign == word.npos)
    line.pending = option->argument.empty() ? nullptr : option;
  else if (option->names.back() == "--store")
    line.store = word.substr(sign + 1);
}

void take(Line& line, const std::string& word, Output& out) {
  if (line.pending != nullptr) {
    if (line.pending->names.back() == "--store") line.store = word;
    line.pending = nullptr;
  } else if (!line.only_operands && word == "--" && line.command != nullptr) {
    line.only_operands = true;
  } else if (!line.only_operands && word.size() > 1 && word.front() == '-') {
    take_option(line, word);
  } else if (line.command != nullptr) {
    line.operands.push_back(word);
  } else if (word == "help" && !line.is_help) {
    line.is_help = true;
  } else {
    line.command = find_command(word);
    line.is_unknown = line.is_unknown || line.command == nullptr;
    if (line.command != nullptr) line.facts = facts_of(*line.command, out);
  }
}

/// Nothing where there is no live session that can be read; and nothing is done about one that cannot.
std::optional<sess::SessionCopy> copy_if_readable(const sess::Store& store, const sess::SessionKey& key) {
  try {
    auto copy = sess::copy_of(store, key);
    if (copy) return *std::move(copy);
  } catch (const sess::Error&) {  // damaged, or of a newer format
  }
  return std::nullopt;
}

/// Opens the store of the line and hands it on. Whatever is wrong, somebody has only pressed a key: nothing is offered.
void with_store(const Line& line, const std::function<void(const sess::Store&)>& use) {
  const char* const environment = std::getenv("SESS_STORE");
  std::string path = line.store.value_or(environment == nullptr ? "" : environment);
  // Shells give words as they were typed.
  const char* const home = std::getenv("HOME");
  if (path.starts_with("~/") && home != nullptr) path.replace(0, 1, home);
  if (path.empty()) return;
  try {
    sess::StoreOptions options;
    options.probe = false;  // which might write down what it has found
    options.on_event = [](const sess::Event&) {};
    options.lock_timeout = std::chrono::milliseconds(0);
    use(open_store(path, options));
  } catch (const std::exception&) {
    return;
  }
}

// A snapshot would put a damaged record right, or move it to quarantine: what is read here is read as a listing does.
void offer_keys(Offers& offers, const Line& line, const std::string& begun) {
  with_store(line, [&](const sess::Store& store) {
    std::optional<std::chrono::steady_clock::time_point> until;
    const auto add = [&](const sess::SessionKey& key, sess::SessionKind kind, Clock::time_point created) {
      const std::string text = key.to_string();
      if (std::ranges::find(line.operands, text) != line.operands.end()) return;
      if (!until) until = std::chrono::steady_clock::now() + longest_look;
      offers.words.push_back(
          {text, std::string(kind_name(kind)) + ", " + human_age(between(created, Clock::now())) + " old"});
    };
    const auto is_enough = [&] {
      return offers.words.size() >= most_names || (until && std::chrono::steady_clock::now() >= *until);
    };
    const std::optional<std::string> digits = digits_of_key(begun);
    if (!digits) return;
    if (digits->empty())
      return store.list([&](const sess::SessionEntry& entry) {
        if (entry.problem.empty()) add(entry.key, entry.facts.kind, entry.facts.created);
        return !is_enough();
      });
    for (const sess::SessionKey& key : store.find(*digits, most_names)) {
      const auto copy = copy_if_readable(store, key);
      if (copy) add(key, copy->kind, copy->created);
      if (is_enough()) return;
    }
  });
}

void offer_names_of_values(Offers& offers, const Line& line, const std::string& behind) {
  if (line.operands.empty()) return;
  with_store(line, [&](const sess::Store& store) {
    const auto copy = copy_if_readable(store, find_by_key(store, line.operands.front()));
    if (!copy) return;
    for (const auto& [name, value] : copy->values)
      if (is_plain(name) && offers.words.size() < most_names) offers.words.push_back({name + behind});
  });
  offers.continues = !behind.empty();
}

void offer_names_in_quarantine(Offers& offers, const Line& line) {
  with_store(line, [&](const sess::Store& store) {
    for (const sess::QuarantinedName& each : sess::Quarantine(store).names())
      if (offers.words.size() < most_names)
        offers.words.push_back({each.name, human_age(between(each.since, Clock::now())) + " there"});
  });
}

/// By the word that stands for it in the help, which is the same everywhere. Answers whether it means something.
bool offer_kind(Offers& offers, const Line& line, std::string_view kind, const std::string& begun) {
  if (kind == "SESSION" || kind == "KEY")
    offer_keys(offers, line, begun);
  else if (kind == "DIR")
    offers.directories = true;
  else if (kind == "FILE" || kind == "DIR|FILE")
    offers.files = true;
  else if (kind == "COMMAND")
    offers.commands = true;
  else
    return false;
  return true;
}

/// NAME is of different things, as an operand.
void offer_name(Offers& offers, const Line& line, std::string_view kind, const std::string& begun) {
  if (line.facts.operands.starts_with("[SESSION]")) {
    if (!line.given.contains("--id") && begun.find('=') == begun.npos)
      offer_names_of_values(offers, line, kind == "NAME=VALUE" ? "=" : "");
  } else if (line.command->name == "quarantine") {
    const std::string& action = line.operands.front();
    if (action == "purge" || (action != "ls" && line.operands.size() == 1)) offer_names_in_quarantine(offers, line);
  }
}

void offer_argument(Offers& offers, const Line& line, const OptionFacts& option, const std::string& begun) {
  offers.continues = option.is_list;
  // Of a list, the last one is completed.
  const std::size_t comma = option.is_list ? begun.rfind(',') : begun.npos;
  const std::string before = comma == begun.npos ? "" : begun.substr(0, comma + 1);
  for (const std::string& choice : option.choices)
    if (("," + before).find("," + choice + ",") == std::string::npos) offers.words.push_back({before + choice});
  if (option.choices.empty()) offer_kind(offers, line, option.argument, begun);
}

/// The alternatives of a usage line's "[ls | show] [NAME...]" or "bash | zsh": words that stand as they are.
std::vector<std::string> alternatives(std::string_view operands) {
  std::string_view first = operands.substr(0, operands.find(']'));
  if (first.starts_with('[')) first.remove_prefix(1);
  std::vector<std::string> words;
  std::istringstream stream{std::string(first)};
  for (std::string word; stream >> word;)
    if (word != "|") words.push_back(word);
  const bool is_choice = first.find(" | ") != first.npos && lower_case(first) == first;
  return is_choice ? words : std::vector<std::string>();
}

void offer_operand(Offers& offers, const Line& line, const std::string& begun) {
  std::string usage = line.facts.operands;
  // "[FILE] | --php DIR|FILE...": what follows depends on an option.
  if (const std::size_t bar = usage.find(" | --"); bar != usage.npos) {
    const std::size_t end = usage.find(' ', bar + 3);
    usage = line.given.contains(usage.substr(bar + 3, end - bar - 3)) ? usage.substr(end + 1) : usage.substr(0, bar);
  }
  const std::vector<std::string> first = alternatives(usage);
  if (!first.empty() && line.operands.empty()) {
    for (const std::string& word : first) offers.words.push_back({word});
    return;
  }
  if (!first.empty()) {
    const std::size_t end = usage.find("] ");
    usage = end == usage.npos ? "" : usage.substr(end + 2);
  }
  std::vector<std::string> kinds;
  std::istringstream stream(usage);
  for (std::string word; stream >> word;)
    if (word != "[SESSION]" || !line.given.contains("--id")) kinds.push_back(word);
  const std::size_t at = line.operands.size() - (first.empty() ? 0 : 1);
  if (kinds.empty() || (at >= kinds.size() && kinds.back().find("...") == std::string::npos)) return;
  std::string kind = kinds[std::min(at, kinds.size() - 1)];
  std::erase_if(kind, [](char each) { return each == '[' || each == ']' || each == '.'; });
  if (!offer_kind(offers, line, kind, begun)) offer_name(offers, line, kind, begun);
}

void offer_options(Offers& offers, const Line& line) {
  for (const OptionFacts& option : line.facts.options)
    for (const std::string& name : option.names)
      if (!line.given.contains(name)) offers.words.push_back({name, first_words(option.summary)});
}

}  // namespace

Offers offers_for(const std::vector<std::string>& words, Output& out) {
  Offers offers;
  if (words.empty()) return offers;
  Line line;
  line.facts = facts_before_commands(out);
  for (std::size_t at = 0; at + 1 < words.size(); ++at) take(line, words[at], out);
  const std::string& last = words.back();
  if (line.is_unknown && line.command == nullptr) return offers;

  if (line.pending != nullptr) {
    offer_argument(offers, line, *line.pending, last);
  } else if (!line.only_operands && last.starts_with("--") && last.find('=') != last.npos) {
    const std::size_t sign = last.find('=');
    const OptionFacts* const option = find_option(line.facts, last.substr(0, sign));
    if (option != nullptr && !option->argument.empty()) offer_argument(offers, line, *option, last.substr(sign + 1));
  } else if (!line.only_operands && last.starts_with('-') && !line.is_help) {
    offer_options(offers, line);
  } else if (line.command == nullptr) {
    for (const Command& command : command_table())
      offers.words.push_back({std::string(command.name), std::string(command.summary)});
    if (!line.is_help) offers.words.push_back({"help", "say more about a command"});
  } else if (!line.is_help) {
    offer_operand(offers, line, last);
  }
  return offers;
}

}  // namespace sessctl
