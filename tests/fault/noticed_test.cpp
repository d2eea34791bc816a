// What is broken on purpose is found by the faults, in the words that belong to it.
#include "breakages.hpp"
#include "failing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {
namespace {

Subject subject_called(std::string_view name) {
  for (const auto& subjects : {first_commits, commits, commits_by_rename, reads_and_renewals, ends, replaced_ids,
                               repairs, sweeps, listings, stores})
    for (const Subject& subject : subjects())
      if (subject.name == name) return subject;
  throw std::logic_error("there is no subject of this name");
}

/// How many faults in this operation find this.
std::size_t found_in(std::string_view name, const Breaking& breaking, std::string_view what) {
  const Subject subject = subject_called(name);
  const Tally tally = fail_everywhere(subject, {}, breaking);
  const auto names_it = [&](const std::string& line) { return line.find(what) != std::string::npos; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(tally.wrong, names_it));
  if (count == 0)
    for (std::size_t i = 0; i < tally.wrong.size() && i < 10; ++i) MESSAGE(tally.wrong[i]);
  return count;
}

constexpr std::string_view false_success = "succeeds, and yet nothing has changed";

TEST_CASE("a sync whose failure is not looked at is noticed") {
  CHECK(found_in("first commit, durable", syncs_never_fail(), "after a power cut: succeeds") > 0);
  CHECK(found_in("update, durable", syncs_never_fail(), "after a power cut: ") > 0);
  CHECK(found_in("destroy", syncs_never_fail(), "after a power cut: succeeds") > 0);
}

TEST_CASE("a rename whose failure is not looked at is noticed") {
  CHECK(found_in("update", renames_never_fail(), false_success) > 0);
  CHECK(found_in("update by rename", renames_never_fail(), false_success) > 0);
  CHECK(found_in("first commit", renames_never_fail(), false_success) > 0);
}

TEST_CASE("an unlink whose failure is not looked at is noticed") {
  CHECK(found_in("destroy", unlinks_never_fail(), false_success) > 0);
  CHECK(found_in("sweep", unlinks_never_fail(), "reports more than it has removed") > 0);
}

TEST_CASE("what is not looked at while an ID is replaced is noticed") {
  CHECK(found_in("supersede", renames_never_fail(), false_success) > 0);
  CHECK(found_in("supersede", syncs_never_fail(), "after a power cut: succeeds") > 0);
  CHECK(found_in("regenerate", renames_never_fail(), false_success) > 0);
  CHECK(found_in("succeed an expired session", renames_never_fail(), false_success) > 0);
  CHECK(found_in("destroy of a session that was regenerated", unlinks_never_fail(), false_success) > 0);
}

TEST_CASE("a truncation whose failure is not looked at is noticed") {
  CHECK(found_in("update to a shorter record", truncations_never_fail(), false_success) > 0);
}

TEST_CASE("times whose failure is not looked at are noticed") {
  CHECK(found_in("touch", times_never_fail(), false_success) > 0);
}

TEST_CASE("a write that stops short and is not looked at is noticed") {
  CHECK(found_in("update", writes_are_never_short(), false_success) > 0);
  CHECK(found_in("first commit", writes_are_never_short(), false_success) > 0);
}

TEST_CASE("a read whose failure is not looked at is noticed") {
  CHECK(found_in("lock", reads_never_fail(), "of another version") > 0);
}

TEST_CASE("a directory that cannot be listed and seems empty is noticed") {
  CHECK(found_in("list", listings_never_fail(), "leaves something out") > 0);
  CHECK(found_in("find", listings_never_fail(), "is not found") > 0);
  CHECK(found_in("sweep", listings_never_fail(), "leaves something and says nothing of it") > 0);
}

TEST_CASE("descriptors and locks that are left are noticed") {
  CHECK(found_in("snapshot", nothing_is_closed(), "is left open") > 0);
  CHECK(found_in("lock", nothing_is_withdrawn(), "a lock is left announced") > 0);
}

TEST_CASE("an error that is told as an outcome is noticed") {
  CHECK(found_in("snapshot", errors_of_open_are_absence(), "answers absent although it is not so") > 0);
  CHECK(found_in("lock", errors_of_locks_are_locks(), "answers busy though nobody has the lock") > 0);
}

TEST_CASE("an error of another cause, or of no type, is noticed") {
  CHECK(found_in("update, durable", errors_are_mixed_up(), "an IoError of another cause") > 0);
  CHECK(found_in("snapshot", errors_are_thrown(), "throws what no caller expects") > 0);
}

TEST_CASE("a temp file that is left where no sweep looks is noticed") {
  CHECK(found_in("update without a spare", temporary_files_are_hidden(), "is there still, after a sweep") > 0);
}

TEST_CASE("a commit that has failed and stays in the spare is noticed") {
  CHECK(found_in("update", spares_are_never_cut(), "a recovery brings back the commit that has failed") > 0);
}

TEST_CASE("a fault that strikes another call than it was meant for is noticed") {
  CHECK(found_in("snapshot", runs_differ(), "another call was struck") > 0);
}

}  // namespace
}  // namespace sess::test
