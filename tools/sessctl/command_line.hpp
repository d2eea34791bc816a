// The command line of one command. Stands before CLI11, so that one file alone compiles that.
//
//   CommandLine line(invocation, "[SESSION] NAME", "Prints ...");
//   line.add_session_id();
//   line.add_flag("--full", full, "...");
//   if (!line.parse()) return ExitCode::ok;   // --help was asked for and has been printed
//   const sess::Store store = open_store(line.store());
//
// What parse() writes through the references is there until the references end; they must outlive the call.
#pragma once

#include "command.hpp"
#include "session_name.hpp"

#include <sess/session_id.hpp>
#include <sess/store.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

class CommandLine {
 public:
  /// `operands` as they stand in the usage line; `details` come after the options in the help. Every command has
  /// --store, --json, --color and --help.
  CommandLine(const Invocation& invocation, std::string_view operands, std::string_view details);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  void add_flag(const std::string& name, bool& value, const std::string& help);
  /// At least `least` long; see duration.hpp.
  void add_duration(const std::string& name, std::optional<std::chrono::milliseconds>& value,
                    std::chrono::milliseconds least, const std::string& help);
  /// An option with an argument; `type` stands for that in the help.
  void add_text(const std::string& name, std::optional<std::string>& value, const std::string& type,
                const std::string& help);
  /// One whose argument is one of these words; parse() refuses any other.
  void add_choice(const std::string& name, std::optional<std::string>& value, const std::string& type,
                  std::span<const std::string_view> choices, const std::string& help);
  /// What a shell offers as the argument of an option; with `is_list`, several of these, separated by commas.
  void offer(const std::string& name, std::span<const std::string_view> choices, bool is_list = false);
  /// --id, for commands that name a session.
  void add_session_id();
  /// --wait, for commands that need a session's lock; answered in store_options().
  void add_wait();

  /// Answers false if help, or Invocation::facts, was asked for. Throws Failure (ExitCode::usage). Messages repeat
  /// names of options, never arguments: an ID may be among them.
  bool parse();

  // After parse:
  bool json() const noexcept { return json_; }
  /// By --store, wherever that stands.
  bool names_store() const noexcept;
  /// Throws Failure (usage) if neither --store nor SESS_STORE says.
  std::string store_path() const;
  /// As the options say; on_event is left to open_store.
  sess::StoreOptions store_options() const;
  /// What is neither an option nor its argument.
  std::vector<std::string>& operands() noexcept { return operands_; }
  const std::optional<std::string>& session_id() const noexcept { return session_id_; }

  /// The session that --id names, or else the first operand, which is taken away. Throws Failure; see session_name.hpp.
  NamedSession take_session(const sess::Store& store);
  /// Throws Failure (usage) unless so many operands are left, not counting the session: "one name". Call it before
  /// the store is opened, so that a wrong command line is told as such whatever the store is like.
  void require_operands(std::size_t least, std::size_t most, std::string_view what) const;

  /// Of an option's argument. Throws Failure (usage) unless it is a whole number from `least` to `most`.
  unsigned number_of(std::string_view option, std::string_view text, unsigned least, unsigned most) const;

  [[noreturn]] void fail(std::string_view cause) const;  // Failure (usage) that points to the command's help

 private:
  struct Parser;  // what is of CLI11

  struct Duration {
    std::string name;
    std::optional<std::chrono::milliseconds>* value;
    std::chrono::milliseconds least;
    std::optional<std::string> text;
  };

  struct Choice {
    std::string name;
    std::vector<std::string> choices;
    bool is_list;
    const std::optional<std::string>* value;  // is checked; null: by somebody else
  };

  /// What --help is made of.
  CommandFacts facts() const;

  const Invocation& invocation_;
  std::string operands_text_;
  std::unique_ptr<Parser> parser_;
  bool json_ = false;
  std::optional<std::string> color_;
  bool takes_session_ = false;
  std::optional<std::string> store_;
  std::optional<std::string> session_id_;
  std::optional<std::chrono::milliseconds> wait_;
  std::vector<std::unique_ptr<Duration>> durations_;  // CLI11 keeps their addresses
  std::vector<Choice> choices_;
  std::vector<std::string> operands_;
};

}  // namespace sessctl
