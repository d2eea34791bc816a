// A question that a fresh process answers.
#pragma once

#include <functional>
#include <string>

namespace sess::test {

/// Runs `question` in a forked child and brings what it answers. An exception, or the child's death, is answered in
/// words after "the process that looks: ".
std::string ask_another_process(const std::function<std::string()>& question);

}  // namespace sess::test
