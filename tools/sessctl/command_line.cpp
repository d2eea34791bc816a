#include "command_line.hpp"

#include "duration.hpp"
#include "failure.hpp"
#include "session_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace sessctl {
namespace {

/// "Usage: sessctl get [OPTIONS] [SESSION] NAME": the operands are not CLI11's, so it would leave them out.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) { column_width(26); }
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

 private:
  std::string usage_;
};

constexpr std::array<std::string_view, 3> colors{"auto", "always", "never"};

/// "a, b or c".
std::string one_of(const std::vector<std::string>& words) {
  std::string text = words.front();
  for (std::size_t at = 1; at < words.size(); ++at) text += (at + 1 < words.size() ? ", " : " or ") + words[at];
  return text;
}

}  // namespace

struct CommandLine::Parser {
  CLI::App app;
};

CommandLine::CommandLine(const Invocation& invocation, std::string_view operands, std::string_view details)
    : invocation_(invocation), operands_text_(operands), parser_(std::make_unique<Parser>()) {
  CLI::App& app = parser_->app;
  std::string summary(invocation.command.summary);
  summary.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(summary.front())));
  app.description(summary + ".\n");
  app.formatter(std::make_shared<HelpFormatter>(fmt::format(
      "Usage: sessctl {} [OPTIONS]{}{}\n", invocation.command.name, operands.empty() ? "" : " ", operands)));
  app.footer(std::string(details));
  // Operands are taken from what CLI11 leaves over: as a positional option it would take "[a,b]" apart.
  app.allow_extras();
  app.set_help_flag("-h,--help", "Print this help");
  app.add_option("--store", store_, "The store (default: SESS_STORE)")->type_name("DIR");
  add_flag("--json", json_, "Print one JSON object a line");
  add_choice("--color", color_, "WHEN", colors, "auto, always or never (auto: on a terminal, unless\nNO_COLOR is set)");
}

CommandLine::~CommandLine() = default;

void CommandLine::add_flag(const std::string& name, bool& value, const std::string& help) {
  // CLI11 would take "--dry-run=0" for a sweep that deletes.
  parser_->app.add_flag(name, value, help)->disable_flag_override();
}

void CommandLine::add_duration(const std::string& name, std::optional<std::chrono::milliseconds>& value,
                               std::chrono::milliseconds least, const std::string& help) {
  durations_.push_back(std::make_unique<Duration>(Duration{name, &value, least, std::nullopt}));
  parser_->app.add_option(name, durations_.back()->text, help)->type_name("DURATION");
}

void CommandLine::add_text(const std::string& name, std::optional<std::string>& value, const std::string& type,
                           const std::string& help) {
  parser_->app.add_option(name, value, help)->type_name(type);
}

void CommandLine::add_choice(const std::string& name, std::optional<std::string>& value, const std::string& type,
                             std::span<const std::string_view> choices, const std::string& help) {
  add_text(name, value, type, help);
  offer(name, choices);
  choices_.back().value = &value;
}

void CommandLine::offer(const std::string& name, std::span<const std::string_view> choices, bool is_list) {
  choices_.push_back({name, {choices.begin(), choices.end()}, is_list, nullptr});
}

CommandFacts CommandLine::facts() const {
  CommandFacts facts{operands_text_, {}};
  for (const CLI::Option* const option : parser_->app.get_options()) {
    OptionFacts each;
    for (const std::string& name : option->get_snames()) each.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) each.names.push_back("--" + name);
    each.summary = option->get_description();
    std::ranges::replace(each.summary, '\n', ' ');
    if (option->get_expected_max() > 0) each.argument = option->get_type_name();
    for (const Choice& choice : choices_)
      if (choice.name == each.names.back()) {
        each.choices = choice.choices;
        each.is_list = choice.is_list;
      }
    facts.options.push_back(std::move(each));
  }
  return facts;
}

void CommandLine::add_session_id() {
  takes_session_ = true;
  parser_->app
      .add_option("--id", session_id_,
                  "Name the session by its ID instead of SESSION; '-' reads\n"
                  "it from standard input. Prefer '-': other users can see\n"
                  "a command line (ps), and whoever has the ID has the\n"
                  "session")
      ->type_name("ID");
}

void CommandLine::add_wait() {
  add_duration("--wait", wait_, std::chrono::milliseconds(0),
               "Wait for the session's lock no longer than this\n(default " +
                   format_duration(sess::StoreOptions().lock_timeout) + ")");
}

bool CommandLine::parse() {
  if (invocation_.facts != nullptr) {
    *invocation_.facts = facts();
    return false;
  }
  // What follows "--" is not CLI11's either: it would not say afterwards which of the rest was meant as an operand.
  const std::vector<std::string>& all = invocation_.arguments;
  const auto end = std::find(all.begin(), all.end(), "--");
  std::vector<std::string> reversed(std::make_reverse_iterator(end), all.rend());  // the order that CLI11 wants
  try {
    parser_->app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    invocation_.out.print(parser_->app.help());
    return false;
  } catch (const CLI::ParseError& error) {
    // Its words may repeat an argument. The name of the option is what stands before the colon.
    const std::string words = error.what();
    if (words.find("flag override") != std::string::npos) fail("an option that takes no argument was given one");
    const std::string option = words.starts_with("--") ? words.substr(0, words.find(':')) : std::string();
    fail(option.empty() ? "the options cannot be understood" : "option " + option + " needs one argument, once");
  }
  if (store_ && !invocation_.store.empty()) fail("option --store is given twice");
  if (store_ && store_->empty()) fail("option --store needs a directory");
  for (const Choice& choice : choices_)
    if (choice.value != nullptr && *choice.value &&
        std::ranges::find(choice.choices, **choice.value) == choice.choices.end())
      fail(choice.name + " wants " + one_of(choice.choices));
  if (color_ && *color_ != "auto") invocation_.out.set_coloured(*color_ == "always");
  operands_ = parser_->app.remaining();
  for (const std::string& operand : operands_)
    if (operand.size() > 1 && operand.front() == '-') {
      const bool shown = operand.size() <= 20 || operand.find('=') <= 20;
      fail((shown ? "there is no option " + operand.substr(0, operand.find('=')) : "there is no such option") +
           ", and a name that begins with '-' goes after --");
    }
  if (end != all.end()) operands_.insert(operands_.end(), end + 1, all.end());

  for (const auto& duration : durations_) {
    if (!duration->text) continue;
    *duration->value = parse_duration(*duration->text);
    if (!*duration->value || **duration->value < duration->least)
      fail(fmt::format("{} wants a number and ms, s, m, h or d, such as 30m, from {} to {}", duration->name,
                       format_duration(duration->least), format_duration(longest_duration)));
  }
  return true;
}

bool CommandLine::names_store() const noexcept { return store_ || !invocation_.store.empty(); }

std::string CommandLine::store_path() const {
  const char* const environment = std::getenv("SESS_STORE");
  std::string path = store_ ? *store_ : !invocation_.store.empty() ? invocation_.store : environment ? environment : "";
  if (path.empty())
    throw Failure(ExitCode::usage, "open store", "", "no store is named",
                  "give --store DIR or set the environment variable SESS_STORE");
  return path;
}

sess::StoreOptions CommandLine::store_options() const {
  sess::StoreOptions options;
  if (wait_) options.lock_timeout = *wait_;
  return options;
}

NamedSession CommandLine::take_session(const sess::Store& store) {
  if (session_id_) {
    const sess::SessionId id = find_by_id(store, *session_id_);
    return {id.key(), id};
  }
  const sess::SessionKey key = find_by_key(store, operands_.at(0));
  operands_.erase(operands_.begin());
  return {key};
}

void CommandLine::require_operands(std::size_t least, std::size_t most, std::string_view what) const {
  const std::size_t session = takes_session_ && !session_id_ ? 1 : 0;
  if (operands_.size() < session) fail("no session is named: give a key, a unique prefix of one, or --id -");
  const std::size_t left = operands_.size() - session;
  if (left < least || left > most) fail(fmt::format("wants {}{}", session == 1 ? "a session and " : "", what));
}

unsigned CommandLine::number_of(std::string_view option, std::string_view text, unsigned least, unsigned most) const {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most)
    fail(fmt::format("{} wants a whole number from {} to {}", option, least, most));
  return number;
}

void CommandLine::fail(std::string_view cause) const {
  throw Failure(ExitCode::usage, invocation_.command.name, "", cause,
                fmt::format("see 'sessctl {} --help'", invocation_.command.name));
}

}  // namespace sessctl
