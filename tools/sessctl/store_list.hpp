// A list of stores in a file, such as /etc/sessctl/stores, which systemd's generator reads in the same way.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sessctl {

class Failure;

/// The directories that it names: a full path a line, from its first byte to its last. Empty lines and lines that begin
/// with '#' are none. Of any other line, and of an end that cannot be read, `on_wrong` is told, and the rest is taken.
/// Throws Failure if it cannot be opened.
std::vector<std::string> read_store_list(const std::string& file, const std::function<void(const Failure&)>& on_wrong);

}  // namespace sessctl
