#include "support/power_cut.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "support/fake_file_tree.hpp"
#include "support/system_call.hpp"

namespace sess::test {
namespace {

/// The undecided things of one file: its size, its time, and some sectors.
struct UndecidedFile {
  const Inode* inode = nullptr;
  std::string path;
  FileContent::Choices content;
  FileContent::Options<sys::FileTime> time;
};

/// One thing that a cut decides: which of `count` values is left.
struct Dial {
  std::size_t count = 1;
  std::size_t newest = 0;
};

/// What is on the disk if the first `length` operations of the journal are: the image with the newest data, and
/// the dials to turn it into any other.
class Prefix {
 public:
  Prefix(const FakeFileTree& tree, std::size_t length, std::chrono::nanoseconds wall_clock, bool vary_times)
      : vary_times_(vary_times) {
    for (std::size_t i = 0; i < length; ++i) apply(tree.journal()[i]);
    base_.root = tree.root()->number;
    base_.wall_clock = wall_clock;
    text_ = "names " + std::to_string(length) + " of " + std::to_string(tree.journal().size());
    if (length > 0) text_ += " (last: " + tree.journal()[length - 1].text + ")";
    add(*tree.root(), "");
  }

  const std::vector<Dial>& dials() const { return dials_; }

  double combinations() const {
    double product = 1;
    for (const Dial& dial : dials_) product *= static_cast<double>(dial.count);
    return product;
  }

  DiskImage image(const std::vector<std::size_t>& picks) const {
    DiskImage image = base_;
    std::string text = text_;
    std::size_t next = 0;
    for (const UndecidedFile& file : undecided_) {
      const std::size_t size = picks[next++];
      const std::size_t time = picks[next++];
      const std::span<const std::size_t> sectors(picks.data() + next, file.content.sectors.size());
      next += sectors.size();
      DiskImage::File& left = image.files.at(file.inode->number);
      left.content = file.inode->content.left(file.content, size, sectors);
      left.modified = file.time.values[time];
      text += "; " + file.path + ": size " + std::to_string(left.content.size());
      if (file.time.values.size() > 1) text += ", time " + pick_text(time, file.time.values.size());
      for (std::size_t i = 0; i < sectors.size(); ++i) {
        text += ", sector " + std::to_string(file.content.sector_numbers[i]) + " " +
                pick_text(sectors[i], file.content.sectors[i].values.size());
      }
    }
    image.description = std::move(text);
    return image;
  }

 private:
  static std::string pick_text(std::size_t pick, std::size_t count) {
    return std::to_string(pick + 1) + "/" + std::to_string(count);
  }

  void apply(const NameOperation& operation) {
    for (const auto& [directory, name, target] : operation.changes) {
      Entries& entries = changed_.try_emplace(directory.get(), directory->durable_entries).first->second;
      if (target) {
        entries[name] = target;
      } else {
        entries.erase(name);
      }
    }
  }

  void add(const Inode& inode, const std::string& path) {
    const auto [file, is_new] = base_.files.try_emplace(inode.number);
    if (!is_new) return;  // a second link
    file->second.type = inode.type;
    file->second.mode = inode.mode;
    file->second.owner = inode.owner;
    file->second.modified = inode.modified;
    file->second.changed = inode.changed;
    if (inode.is_directory()) {
      const auto changed = changed_.find(&inode);
      const Entries& entries = changed == changed_.end() ? inode.durable_entries : changed->second;
      for (const auto& [name, child] : entries) {
        file->second.entries.emplace(name, child->number);
        add(*child, path.empty() ? name : path + "/" + name);
      }
      return;
    }
    file->second.content = inode.content.bytes();
    decide(inode, path);
  }

  void decide(const Inode& inode, const std::string& path) {
    UndecidedFile file{&inode, path, inode.content.choices(), {}};
    if (vary_times_) file.time.values.push_back(inode.durable_modified);
    for (const sys::FileTime& time : inode.unsynced_modified) {
      if (!vary_times_) break;
      const auto found = std::find(file.time.values.begin(), file.time.values.end(), time);
      file.time.newest = static_cast<std::size_t>(found - file.time.values.begin());
      if (found == file.time.values.end()) file.time.values.push_back(time);
    }
    if (!vary_times_) file.time.values.push_back(inode.modified);
    if (file.content.size.values.size() == 1 && file.content.sectors.empty() && file.time.values.size() == 1) {
      // Decided, but what is durable need not be the newest: a write that a truncate or another write has undone.
      DiskImage::File& left = base_.files.at(inode.number);
      left.content = inode.content.left(file.content, 0, {});
      left.modified = file.time.values[0];
      return;
    }
    dials_.push_back({file.content.size.values.size(), file.content.size.newest});
    dials_.push_back({file.time.values.size(), file.time.newest});
    for (const auto& sector : file.content.sectors) dials_.push_back({sector.values.size(), sector.newest});
    undecided_.push_back(std::move(file));
  }

  bool vary_times_;
  std::map<const Inode*, Entries> changed_;
  DiskImage base_;
  std::string text_;
  std::vector<UndecidedFile> undecided_;
  std::vector<Dial> dials_;  // for each undecided file: size, time, sectors
};

bool advance(std::vector<std::size_t>& picks, const std::vector<Dial>& dials) {
  for (std::size_t i = 0; i < picks.size(); ++i) {
    if (++picks[i] < dials[i].count) return true;
    picks[i] = 0;
  }
  return false;
}

std::vector<std::size_t> newest(const std::vector<Dial>& dials) {
  std::vector<std::size_t> picks;
  for (const Dial& dial : dials) picks.push_back(dial.newest);
  return picks;
}

std::vector<std::size_t> drawn(const std::vector<Dial>& dials, std::uint64_t& state) {
  std::vector<std::size_t> picks(dials.size(), 0);
  if (dials.empty()) return picks;
  const std::uint64_t kind = next_random(state) % 3;
  if (kind == 0) {
    for (std::size_t i = 0; i < dials.size(); ++i) picks[i] = next_random(state) % dials[i].count;
    return picks;
  }
  // One thing out of step: old data with one new piece, or new data with one old piece.
  if (kind == 1) picks = newest(dials);
  const std::size_t odd = next_random(state) % dials.size();
  picks[odd] = next_random(state) % dials[odd].count;
  return picks;
}

}  // namespace

PowerCutSummary enumerate_power_cuts(const FakeFileTree& tree, std::chrono::nanoseconds wall_clock,
                                     const PowerCutOptions& options,
                                     const std::function<void(const DiskImage&)>& visit) {
  PowerCutSummary summary;
  std::vector<Prefix> prefixes;
  for (std::size_t length = 0; length <= tree.journal().size(); ++length) {
    prefixes.emplace_back(tree, length, wall_clock, options.vary_times);
    summary.possible += prefixes.back().combinations();
  }
  const auto show = [&](const Prefix& prefix, const std::vector<std::size_t>& picks) {
    if (summary.visited == options.limit) return false;
    ++summary.visited;
    visit(prefix.image(picks));
    return true;
  };

  if (summary.possible <= static_cast<double>(options.limit)) {
    summary.exhaustive = true;
    for (const Prefix& prefix : prefixes) {
      std::vector<std::size_t> picks(prefix.dials().size(), 0);
      do show(prefix, picks);
      while (advance(picks, prefix.dials()));
    }
    return summary;
  }

  for (const Prefix& prefix : prefixes) {
    show(prefix, std::vector<std::size_t>(prefix.dials().size(), 0));
    show(prefix, newest(prefix.dials()));
  }
  std::uint64_t state = options.seed;
  for (bool more = true; more;) {
    const Prefix& prefix = prefixes[next_random(state) % prefixes.size()];
    more = show(prefix, drawn(prefix.dials(), state));
  }
  return summary;
}

DiskImage image_of(const FakeFileTree& tree, std::chrono::nanoseconds wall_clock) {
  DiskImage image;
  image.root = tree.root()->number;
  image.wall_clock = wall_clock;
  image.description = "as seen";
  const std::function<void(const Inode&)> add = [&](const Inode& inode) {
    const auto [file, is_new] = image.files.try_emplace(inode.number);
    if (!is_new) return;
    file->second = {inode.type, inode.mode, inode.owner, inode.content.bytes(), inode.modified, inode.changed, {}};
    for (const auto& [name, child] : inode.entries) {
      file->second.entries.emplace(name, child->number);
      add(*child);
    }
  };
  add(*tree.root());
  return image;
}

}  // namespace sess::test
