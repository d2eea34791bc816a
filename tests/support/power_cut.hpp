// What a power cut may leave of a fake file system.
//
// Covered:
// - Names. All name operations (create, rename, exchange, link, unlink, make directory) are in one journal. A cut
//   leaves a prefix of it; each operation is there wholly or not at all. The prefix is at least as long as the
//   newest sync of a directory demands: that sync makes every operation on that directory durable, with whatever
//   stands before it in the journal. A sync of a file says nothing about its name.
// - Data, independently of names and of other files: each sector (512 bytes, or FakeOptions::sector_size) holds its
//   durable bytes or what it held after any later write, each sector for itself. So a write is kept, dropped or torn
//   between sectors, and writes reach the disk in any order.
// - The size of a file: its durable value (0 for a file that was never synced) or any later one, independently of
//   its data; what a larger size uncovers is zero.
// - The modification time: its durable value or any later one, independently. sync_data does not make it durable,
//   sync does.
// - A sync that failed: the data is neither durable nor written by a later sync of the same bytes.
// - sync_data and sync of a file that answered 0 make its data and size durable, whatever its name does later.
//
// Not covered:
// - Sectors torn in themselves, bit rot, another file's old bytes in a new block, and a disk that lies about its
//   flush: set_content stands for those where a test needs one.
// - Name operations out of order (a file system without a journal, or one that orders each directory by itself).
// - A size that was never the file's size, and a time that was never its time.
// - The change time, owner and mode: they are kept as they were last seen, with names or without.
// - Directories' times, and blocks that are lost or shared. The image is always a consistent file system.
// - A second cut during recovery, unless the test enumerates again from the image's own fake (tests/crash does, once).
// - Sectors of two sizes on one disk, and more disks than are visited: tests/crash prints of how many cuts it was all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "support/disk_image.hpp"

namespace sess::test {

class FakeFileTree;

struct PowerCutOptions {
  /// The most images that are visited. If there are more, a sample is: for every length of the journal the oldest
  /// and the newest data, then images drawn with `seed` (one may be drawn twice), a third of them with a single
  /// file, sector, size or time out of step with the rest.
  std::uint64_t limit = 10'000;
  std::uint64_t seed = 1;
  /// False keeps the newest time of every file: fewer images, for tests that do not look at times.
  bool vary_times = true;
};

struct PowerCutSummary {
  std::uint64_t visited = 0;
  double possible = 0;  // how many there are; approximate when huge. Different picks may give equal images.
  bool exhaustive = false;
};

/// Visits the images that a cut at this moment may leave. The tree must not change meanwhile.
PowerCutSummary enumerate_power_cuts(const FakeFileTree& tree, std::chrono::nanoseconds wall_clock,
                                     const PowerCutOptions& options,
                                     const std::function<void(const DiskImage&)>& visit);

/// The image of the tree as programs see it now.
DiskImage image_of(const FakeFileTree& tree, std::chrono::nanoseconds wall_clock);

}  // namespace sess::test
