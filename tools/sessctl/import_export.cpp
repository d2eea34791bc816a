#include "import_export.hpp"

#include "export_lines.hpp"
#include "failure.hpp"
#include "json_value.hpp"

#include <sess/transfer.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

namespace sessctl {
namespace {

class Import {
 public:
  Import(InputLines& input, const sess::Store& store, ImportResult& result)
      : input_(input), mark_(sess::keyring_mark(store)), into_(store), result_(result) {}

  void run() {
    while (const auto text = input_.next()) take(*text);
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

  void take(const std::string& text) {
    try {
      std::visit([this](const auto& parsed) { take(parsed); }, parse_export_line(text));
    } catch (const InvalidJson& error) {
      if (!is_open_) no_export(error.what());
      if (!input_.is_whole()) return;  // that it is cut off is said at the end
      ++lines_;
      result_.refuse(ExitCode::data, where(), error.what(), "the others are imported");
    }
  }

  void take(const ExportHeader& header) {
    if (is_open_)
      result_.complain_of(ExitCode::data, where(), "another export begins, and the one before has no end",
                          "it was cut off: export its store again");
    if (header.keyring != mark_)
      throw Failure(ExitCode::config, "import", "",
                    fmt::format("{}: the store of this export has another keyring, so nobody could use its sessions "
                                "here",
                                where()),
                    "copy its file 'keys' over that of a new store before any program uses that");
    is_open_ = true;
    lines_ = 0;
  }

  void take(const sess::SessionCopy& copy) {
    if (!is_open_) no_export("there is no header before it");
    ++lines_;
    last_ = copy.key;
    result_.restore(into_, copy, where());
  }

  void take(const ExportEnd& end) {
    if (!is_open_) no_export("there is no header before it");
    is_open_ = false;
    if (end.sessions != lines_)
      result_.complain_of(ExitCode::data, where(),
                          fmt::format("{} sessions were exported, and {} are here", end.sessions, lines_),
                          "lines are missing or were added: export again");
  }

  InputLines& input_;
  std::string mark_;
  sess::Restoration into_;
  ImportResult& result_;
  bool is_open_ = false;  // behind a header, and not at its end
  std::uint64_t lines_ = 0;
  std::optional<sess::SessionKey> last_;
};

}  // namespace

void import_export(InputLines& input, const sess::Store& store, ImportResult& result) {
  Import(input, store, result).run();
}

}  // namespace sessctl
