#include "import_result.hpp"

#include "json_value.hpp"
#include "report.hpp"

#include <sess/error.hpp>

#include <fmt/format.h>

namespace sessctl {

bool ImportResult::restore(const sess::Restoration& into, const sess::SessionCopy& copy, std::string_view where) {
  try {
    switch (into.restore(copy)) {
      case sess::Restored::made:
        ++imported_;
        return true;
      case sess::Restored::unchanged:
        ++unchanged_;
        return true;
      case sess::Restored::kept:
        ++kept_;
        return true;
      case sess::Restored::expired:
        ++expired_;
        return true;
      case sess::Restored::gone:
        ++expired_;
        complain(fmt::format(
            "import {}: all sessions of its user were ended meanwhile, and so is this one; it counts as expired",
            where));
        return true;
      case sess::Restored::busy:
        refuse(ExitCode::busy, where, "its record, or the list of its user's sessions, is locked",
               "import again, when no program uses the store");
        return false;
    }
  } catch (const sess::UsageError& error) {
    refuse(ExitCode::data, where, error.what(), "the others are imported");
  } catch (const sess::UnsupportedRecord& error) {
    refuse(ExitCode::data, where, error.what(), "use a newer version of sessctl");
  }
  return false;
}

void ImportResult::refuse(ExitCode code, std::string_view where, std::string_view cause, std::string_view advice) {
  ++failed_;
  complain_of(code, where, cause, advice);
}

void ImportResult::complain_of(ExitCode code, std::string_view where, std::string_view cause, std::string_view advice) {
  if (code_ == ExitCode::ok) code_ = code;
  complain(fmt::format("import {}: {}; {}", where, cause, advice));
}

void ImportResult::tell(std::string_view where, std::string_view what) {
  complain(fmt::format("import {}: {}", where, what));
}

void ImportResult::print(Output& out, bool json) const {
  if (!json)
    return out.print_line(fmt::format("imported {}, unchanged {}, kept {}, expired {}, empty {}, failed {}", imported_,
                                      unchanged_, kept_, expired_, empty_, failed_));
  JsonLine object;
  object.add("imported", imported_).add("unchanged", unchanged_).add("kept", kept_);
  object.add("expired", expired_).add("empty", empty_).add("failed", failed_);
  out.print_line(object.text());
}

}  // namespace sessctl
