// More events than the kernel keeps for who watches files (inotify(7)).
#pragma once

#include <string>

namespace sess::test {

/// fs.inotify.max_queued_events; 0, and said so, where those are too many for a test.
unsigned most_queued_events();

/// Makes more events than `most` in this directory, of names that are nobody's.
void overflow_events(const std::string& directory, unsigned most);

}  // namespace sess::test
