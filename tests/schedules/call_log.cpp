#include "call_log.hpp"

#include "sys/system.hpp"

#include <algorithm>
#include <cstring>

namespace sess::test {

namespace {

void copy_to(std::array<char, 80>& field, std::string_view text) {
  const std::size_t size = std::min(text.size(), field.size() - 1);
  std::memcpy(field.data(), text.data(), size);
  field[size] = 0;
}

/// A record's name in short, and the number of a temp file to eight digits.
std::string shortened(std::string text, const std::vector<SessionKey>& sessions) {
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const std::string key = sessions[i].to_string();
    const std::string name = key.substr(0, 2) + "/" + key;
    if (const auto at = text.find(name); at != std::string::npos)
      text.replace(at, name.size(), 1, static_cast<char>('A' + i));
  }
  return text;
}

std::string arguments(const LoggedCall& call, const std::vector<SessionKey>& sessions) {
  std::string text = shortened(call.path.data(), sessions);
  if (call.call == Call::open && call.note == static_cast<int>(sys::OpenMode::create_exclusive)) text += ", new";
  if (call.to_path[0] == 0) return text;
  const bool exchange = call.call == Call::rename && call.note == static_cast<int>(sys::RenameMode::exchange);
  return text + (exchange ? " <-> " : " -> ") + shortened(call.to_path.data(), sessions);
}

}  // namespace

LoggedCall& CallLog::add(std::size_t actor, Call call, std::string_view path, std::string_view to_path, int note) {
  LoggedCall& entry = calls_[std::min(count_, most_calls - 1)];
  if (!full()) ++count_;
  entry.actor = static_cast<std::uint8_t>(actor);
  entry.call = call;
  entry.note = static_cast<std::uint8_t>(note);
  entry.result = 0;
  copy_to(entry.path, path);
  copy_to(entry.to_path, to_path);
  return entry;
}

std::vector<std::string> lines_of(const CallLog& log, const std::vector<SessionKey>& sessions) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const LoggedCall& call = log.at(i);
    const std::string name = call.call == Call::step ? "" : std::string(to_string(call.call));
    std::string line = std::to_string(call.actor) + ": ";
    if (call.call == Call::step)
      line += "-- " + arguments(call, sessions);
    else
      line += name + "(" + arguments(call, sessions) + ") = " + std::to_string(call.result);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace sess::test
