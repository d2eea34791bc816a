// What may stand at a place of a command line that is not finished: what the scripts of cmd_completion.cpp ask for when
// somebody presses the tabulator key.
#pragma once

#include "output.hpp"

#include <string>
#include <vector>

namespace sessctl {

struct Offers {
  struct Offer {
    std::string word;
    std::string summary = {};  // may be empty
  };
  std::vector<Offer> words =
      {};  // not only those that begin as the word does that is there: shells match in ways of their own
  bool directories = false;  // of the file system, which a shell knows better how to offer
  bool files = false;
  bool commands = false;   // of the shell
  bool continues = false;  // a word may go on: no space after it
};

/// `words` are those after "sessctl", the last one as far as it is there. Of an option's argument behind '=' what is
/// offered is the argument alone. Looks into the store for keys, names of values and of what is in quarantine; where it
/// cannot be read there are none. Waits for nobody, changes nothing, and looks for a moment at most.
Offers offers_for(const std::vector<std::string>& words, Output& out);

}  // namespace sessctl
