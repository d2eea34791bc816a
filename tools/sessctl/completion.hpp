// What a shell may offer for a command line that is not finished. The scripts of `sessctl completion` ask for it, so
// that bash, zsh and fish know the same, and nothing of it is written twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sessctl {

struct Candidate {
  std::string word;
  std::string description;  // a few words; may be empty
};

struct Completion {
  /// What else fits: nothing, a directory's name, a file's name. In a list a comma may follow the word.
  enum class Also : std::uint8_t { nothing, directories, files, list };

  std::vector<Candidate> candidates;  // each begins with the last word
  Also also = Also::nothing;
};

/// For the last of the words that follow "sessctl"; it may be empty. Keys of sessions are taken from the store that the
/// words name, or SESS_STORE; as root this becomes the store's owner for that. Throws nothing of the store's: then
/// there are none.
Completion complete(const std::vector<std::string>& words);

/// The script for a shell; empty: there is none for it.
std::string_view completion_script(std::string_view shell) noexcept;

}  // namespace sessctl
