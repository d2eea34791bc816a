#include "import_export.hpp"

#include "export_lines.hpp"
#include "failure.hpp"
#include "human.hpp"
#include "json_value.hpp"
#include "progress.hpp"

#include <sess/transfer.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace sessctl {
namespace {

class Import {
 public:
  Import(InputLines& input, const sess::Store& store, std::uint64_t size_limit, ImportResult& result)
      : input_(input), marks_(sess::keyring_marks(store)), into_(store), size_limit_(size_limit), result_(result) {}

  void run() {
    Progress progress("lines");
    while (const auto text = input_.next()) {
      progress.show(input_.number(), input_.share());
      if (input_.is_too_long())
        pass_over();
      else
        take(*text);
    }
    if (input_.number() == 0) no_export("it is empty");
    if (!is_open_) return;
    const std::string rest =
        last_ ? "'sessctl export --after " + last_->to_string() + "' prints the rest" : "export again";
    result_.complain_of(ExitCode::data, where(), "the export is cut off here", rest);
  }

 private:
  std::string where() const { return fmt::format("line {}", input_.number()); }

  [[noreturn]] void no_export(std::string_view why) const {
    throw Failure(ExitCode::data, "import", "", fmt::format("{}: {}", where(), why),
                  "give what 'sessctl export' has printed");
  }

  /// What stands behind the end of one export, and not behind the header of another.
  void outside() {
    if (!has_begun_) no_export("there is no header before it");
    result_.refuse(ExitCode::data, where(), "there is no header before it", "the others are imported");
  }

  void pass_over() {
    const std::string why = fmt::format("it is longer than that of any session of up to {}", human_size(size_limit_));
    if (!has_begun_) no_export(why);
    ++lines_;
    result_.refuse(ExitCode::data, where(), why,
                   "the others are imported; where sessions are larger, import again with --size-limit");
  }

  void take(const std::string& text) {
    // Between two exports, as an editor or echo leaves it.
    if (has_begun_ && !is_open_ && text.find_first_not_of(" \t\r") == std::string::npos) return;
    try {
      std::visit([this](const auto& parsed) { take(parsed); }, parse_export_line(text));
    } catch (const InvalidJson& error) {
      if (!has_begun_) no_export(error.what());
      if (!input_.is_whole()) return;  // that it is cut off is said at the end
      ++lines_;
      result_.refuse(ExitCode::data, where(), error.what(), "the others are imported");
    }
  }

  void take(const ExportHeader& header) {
    if (is_open_)
      result_.complain_of(ExitCode::data, where(), "another export begins, and the one before has no end",
                          "it was cut off: export its store again");
    check_keyring(header);
    has_begun_ = true;
    is_open_ = true;
    lines_ = 0;
    last_.reset();
  }

  /// All secrets: of one that is missing here the IDs would be refused.
  void check_keyring(const ExportHeader& header) const {
    const auto is_here = [this](const std::string& mark) { return std::ranges::find(marks_, mark) != marks_.end(); };
    if (!header.keyring.empty() && std::ranges::all_of(header.keyring, is_here)) return;
    const bool was_copied = !header.keyring.empty() && header.keyring.front() == marks_.front();
    throw Failure(
        ExitCode::config, "import", "",
        fmt::format("{}: {}", where(),
                    was_copied ? "the keyring of this export's store was rotated after it was copied here, so "
                                 "that some of its sessions could not be used"
                               : "the store of this export has another keyring, so nobody could use its "
                                 "sessions here"),
        "copy its file 'keys' over that of a new store before any program uses that");
  }

  void take(const sess::SessionCopy& copy) {
    if (!is_open_) return outside();
    ++lines_;
    last_ = copy.key;
    result_.restore(into_, copy, where());
  }

  void take(const ExportEnd& end) {
    if (!is_open_) return outside();
    is_open_ = false;
    if (end.left_out > 0)
      result_.tell(where(),
                   fmt::format("{} more could not be read when this was exported; 'sessctl verify' tells of them there",
                               end.left_out));
    if (end.directories_left_out > 0)
      result_.complain_of(
          ExitCode::data, where(),
          fmt::format(
              "{} of its store could not be read when this was exported, and the sessions in "
              "there are missing",
              end.directories_left_out == 1 ? "1 directory" : fmt::format("{} directories", end.directories_left_out)),
          "run 'sessctl verify' there");
    if (end.sessions != lines_)
      result_.complain_of(ExitCode::data, where(),
                          fmt::format("{} sessions were exported, and {} are here", end.sessions, lines_),
                          "lines are missing or were added: export again");
  }

  InputLines& input_;
  std::vector<std::string> marks_;
  sess::Restoration into_;
  std::uint64_t size_limit_;
  ImportResult& result_;
  bool has_begun_ = false;  // there was a header
  bool is_open_ = false;    // behind one, and not at its end
  std::uint64_t lines_ = 0;
  std::optional<sess::SessionKey> last_;
};

}  // namespace

void import_export(InputLines& input, const sess::Store& store, std::uint64_t size_limit, ImportResult& result) {
  Import(input, store, size_limit, result).run();
}

}  // namespace sessctl
