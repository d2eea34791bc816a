#include "command_line.hpp"
#include "human.hpp"
#include "open_store.hpp"
#include "report.hpp"
#include "selection.hpp"
#include "session_facts.hpp"
#include "unread_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {
namespace {

using Entry = sess::SessionEntry;

constexpr std::size_t short_key = 12;  // digits: enough to be unique among millions

/// What a line of the table is made of. The widths are fixed, so that a line can be printed when it is known and a
/// million sessions need no memory.
struct Column {
  std::string_view name;
  std::string_view heading;
  int width;  // right-aligned where it is negative
  std::string (*text)(const Entry& entry, Clock::time_point now);
  /// What is sorted by: the largest first.
  std::int64_t (*rank)(const Entry& entry);
};

constexpr std::array<Column, 10> all_columns{{
    {"key", "KEY", short_key, [](const Entry& entry, Clock::time_point) { return entry.key.to_string(); }, nullptr},
    {"kind", "KIND", 13, [](const Entry& entry, Clock::time_point) { return std::string(kind_name(entry.facts.kind)); },
     [](const Entry& entry) { return static_cast<std::int64_t>(entry.facts.kind); }},
    {"age", "AGE", -5,
     [](const Entry& entry, Clock::time_point now) { return human_age(between(entry.facts.created, now)); },
     [](const Entry& entry) { return -unix_ms(entry.facts.created); }},
    {"idle-left", "IDLE-LEFT", -9,
     [](const Entry& entry, Clock::time_point now) { return human_age(between(now, entry.facts.deadline)); },
     [](const Entry& entry) { return unix_ms(entry.facts.deadline); }},
    {"size", "SIZE", -5, [](const Entry& entry, Clock::time_point) { return human_size(entry.facts.size); },
     [](const Entry& entry) { return static_cast<std::int64_t>(entry.facts.size); }},
    {"generation", "GENERATION", -10,
     [](const Entry& entry, Clock::time_point) { return std::to_string(entry.facts.generation); },
     [](const Entry& entry) { return static_cast<std::int64_t>(entry.facts.generation); }},
    {"created", "CREATED", 20, [](const Entry& entry, Clock::time_point) { return utc_time(entry.facts.created); },
     [](const Entry& entry) { return unix_ms(entry.facts.created); }},
    {"deadline", "DEADLINE", 20, [](const Entry& entry, Clock::time_point) { return utc_time(entry.facts.deadline); },
     [](const Entry& entry) { return unix_ms(entry.facts.deadline); }},
    {"sealed", "SEALED", 6,
     [](const Entry& entry, Clock::time_point) { return std::string(entry.facts.sealed ? "yes" : "no"); },
     [](const Entry& entry) { return static_cast<std::int64_t>(entry.facts.sealed); }},
    {"state", "STATE", 10, [](const Entry& entry, Clock::time_point) { return std::string(state_name(entry)); },
     [](const Entry& entry) { return entry.problem.empty() ? static_cast<std::int64_t>(entry.outcome) : INT64_MAX; }},
}};
constexpr std::string_view usual_columns = "key,kind,age,idle-left,size,generation";
constexpr std::string_view columns_with_state = "key,state,kind,age,idle-left,size,generation";

/// The one of this name; fails where there is none, and says that `wish` names one of these.
const Column* find_column(std::string_view name, std::string_view wish, const CommandLine& line) {
  const auto found = std::ranges::find(all_columns, name, &Column::name);
  if (found != all_columns.end()) return &*found;
  std::string known;
  for (const Column& each : all_columns) known.append(known.empty() ? "" : ", ").append(each.name);
  line.fail(fmt::format("{}: {}", wish, known));
}

class Table {
 public:
  /// Fails where `names`, separated by commas, has one that is none.
  Table(std::string_view names, bool full, const CommandLine& line) : full_(full) {
    for (;;) {
      const std::size_t comma = names.find(',');
      columns_.push_back(
          find_column(names.substr(0, comma), "--columns wants names of columns, separated by commas", line));
      if (comma == names.npos) return;
      names.remove_prefix(comma + 1);
    }
  }

  /// Drops the last columns until the rest fits so many, or is one.
  void fit(std::size_t columns) {
    while (columns_.size() > 1 && width() > columns) columns_.pop_back();
  }

  StyledLine heading() const {
    return {{row([](const Column& column) { return std::string(column.heading); }), Accent::heading}};
  }
  StyledLine row_of(const Entry& entry, Clock::time_point now) const {
    const std::string text = row([&](const Column& column) -> std::string {
      const bool is_known =
          entry.problem.empty() || column.name == "key" || column.name == "size" || column.name == "state";
      if (!is_known) return column.name == "kind" && !has_state() ? "unreadable" : "-";
      return column.text(entry, now);
    });
    return {{text, entry.problem.empty() ? Accent::none : Accent::problem}};
  }

 private:
  template <class Text>
  std::string row(const Text& text_of) const {
    std::string line;
    for (const Column* const column : columns_) {
      std::string text = text_of(*column);
      const std::size_t width = width_of(*column);
      if (column->name == "key") text.resize(std::min(text.size(), width));
      if (!line.empty()) line.append(gap, ' ');
      line += column->width < 0 ? fmt::format("{:>{}}", text, width) : fmt::format("{:<{}}", text, width);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  }

  bool has_state() const { return std::ranges::find(columns_, "state", &Column::name) != columns_.end(); }
  std::size_t width_of(const Column& column) const {
    const bool is_whole_key = column.name == "key" && full_;
    return is_whole_key ? sess::SessionKey::text_size : static_cast<std::size_t>(std::abs(column.width));
  }
  std::size_t width() const {
    std::size_t all = 0;
    for (const Column* const column : columns_) all += (all > 0 ? gap : 0) + width_of(*column);
    return all;
  }

  static constexpr std::size_t gap = 2;

  std::vector<const Column*> columns_;
  bool full_;
};

std::string json_of(const Entry& entry, Clock::time_point now) {
  JsonLine object;
  object.add("key", entry.key.to_string());
  object.add("state", state_name(entry));
  if (entry.problem.empty()) add_facts(object, entry.facts, now);
  object.add("size", entry.facts.size);
  if (!entry.problem.empty()) object.add("problem", entry.problem);
  return object.text();
}

/// In which order, and how many. Of what has to be put in order as many are in memory as are printed.
class Order {
 public:
  std::optional<std::string> by;
  bool reverse = false;
  std::optional<std::string> limit;

  void take(const CommandLine& line) {
    if (by) column_ = find_column(*by, "--sort wants the name of a column", line);
    if (reverse && !by) line.fail("--reverse goes with --sort");
    if (!limit) return;
    const auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), most_);
    if (error != std::errc() || end != limit->data() + limit->size() || most_ == 0)
      line.fail("--limit wants a whole number from 1 on");
  }

  /// Calls `print` for what is meant.
  template <class Print, class OnError>
  void visit(const sess::Store& store, const Selection& selection, const Print& print, const OnError& on_error) const {
    if (column_ == nullptr) {
      std::size_t printed = 0;
      const auto print_one = [&](const Entry& entry) {
        print(entry);
        return ++printed < most_;
      };
      return selection.visit(store, print_one, on_error);
    }
    const auto before = [this](const Entry& left, const Entry& right) {
      const bool swapped = reverse != (column_->rank != nullptr);  // of the key, the smallest first
      const Entry& first = swapped ? right : left;
      const Entry& second = swapped ? left : right;
      if (column_->rank != nullptr && column_->rank(first) != column_->rank(second))
        return column_->rank(first) < column_->rank(second);
      return column_->rank != nullptr ? left.key.bytes() < right.key.bytes() : first.key.bytes() < second.key.bytes();
    };
    // A heap whose top is the last of those that are printed, as far as is known: the first to make room.
    std::vector<Entry> entries;
    const auto keep = [&](const Entry& entry) {
      if (entries.size() < most_) {
        entries.push_back(entry);
      } else if (before(entry, entries.front())) {
        std::ranges::pop_heap(entries, before);
        entries.back() = entry;
      } else {
        return true;
      }
      std::ranges::push_heap(entries, before);
      return true;
    };
    selection.visit(store, keep, on_error);
    std::ranges::sort_heap(entries, before);
    for (const Entry& entry : entries) print(entry);
  }

 private:
  const Column* column_ = nullptr;
  std::size_t most_ = SIZE_MAX;
};

}  // namespace

ExitCode run_ls(const Invocation& invocation) {
  CommandLine line(invocation, "",
                   "AGE is the time since the session was made, IDLE-LEFT the time after which it ends unless\n"
                   "it is used, SIZE that of its record in bytes, GENERATION a number that each change raises.\n"
                   "Other columns are created, deadline, sealed and state. A narrow terminal gets the first\n"
                   "columns, unless --columns says which, and then the beginning of each line. Sorted, the largest\n"
                   "come first, and with --sort age the oldest. What is not live is listed with --state alone:\n"
                   "sessions that have expired and that no sweep has removed yet, and superseded ones, whose ID was\n"
                   "replaced by a new one. A record that cannot be read is listed as such, and the exit code is 65.\n"
                   "\n"
                   "  sessctl ls --principal ann\n"
                   "  sessctl ls --sort size --limit 10 --columns key,size,age\n"
                   "  sessctl ls --state expired\n"
                   "  sessctl ls --json | jq -r 'select(.idle_left_ms < 60000) | .key'\n");
  bool full = false;
  std::optional<std::string> columns;
  Selection selection;
  Order order;
  line.add_flag("--full", full, "Print keys in full");
  selection.add_options(line);
  selection.add_locked_option(line);
  selection.add_state_option(line);
  line.add_text("--sort", order.by, "COLUMN", "In this order");
  line.add_flag("--reverse", order.reverse, "In the opposite order");
  line.add_text("--limit", order.limit, "COUNT", "No more than so many");
  line.add_text("--columns", columns, "NAMES", "Print these, separated by commas");
  std::vector<std::string_view> names_of_columns;
  for (const Column& each : all_columns) names_of_columns.push_back(each.name);
  line.offer("--sort", names_of_columns);
  line.offer("--columns", names_of_columns, true);
  if (!line.parse()) return ExitCode::ok;
  line.require_operands(0, 0, "no arguments");
  selection.take(line);
  order.take(line);
  if (columns && line.json()) line.fail("--columns is for the table; --json has all fields");
  const auto terminal = invocation.out.size();
  const std::string_view usual = selection.has_state() ? columns_with_state : usual_columns;
  Table table(columns ? std::string_view(*columns) : usual, full, line);
  if (!columns && terminal) table.fit(terminal->columns);

  const sess::Store store = open_store(line.store_path());
  ExitCode code = ExitCode::ok;
  // A terminal may have grown or shrunk meanwhile.
  if (!line.json()) invocation.out.print_row(table.heading());
  const auto print = [&](const Entry& entry) {
    const Clock::time_point now = Clock::now();
    if (line.json())
      invocation.out.print_line(json_of(entry, now));
    else
      invocation.out.print_row(table.row_of(entry, now));
    if (entry.problem.empty()) return;
    complain(fmt::format("read session \"{}\": {}; it is listed as unreadable, and 'sessctl verify' says what to do",
                         entry.key.to_string(), entry.problem));
    code = ExitCode::data;
  };
  UnreadParts unread;
  order.visit(store, selection, print, unread.callback());
  unread.require_none();
  return code;
}

}  // namespace sessctl
