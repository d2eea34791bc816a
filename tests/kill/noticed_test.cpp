// What is broken on purpose is found by the kills, at the point and in the words that belong to it.
#include "breakages.hpp"
#include "forked_holder.hpp"
#include "init_subject.hpp"
#include "killing.hpp"
#include "session_operation.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sess::test {
namespace {

constexpr std::array looks = {Look::reader};

/// The quickest file system there is.
std::string place() { return file_systems().back(); }

/// How many kills find this.
std::size_t found(Subject& subject, std::string_view what) {
  const Tally tally = kill_everywhere(subject, looks, {.skips_repetitions = true});
  const auto names_it = [&](const std::string& line) { return line.find(what) != std::string::npos; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(tally.wrong, names_it));
  if (count == 0)
    for (const std::string& line : tally.wrong) MESSAGE(line);
  return count;
}

std::size_t found_in(std::string_view operation, const Breaking& breaking, std::string_view what) {
  Scene scene(place(), breaking);
  SessionSubject subject(scene, operation_called(operation));
  return found(subject, what);
}

TEST_SUITE_BEGIN("traced");

TEST_CASE("times that are set after the exchange are noticed") {
  CHECK(found_in("commit", times_after_rename(), "the record's times are not its deadline") > 0);
}

TEST_CASE("times that are set after a rename are noticed") {
  CHECK(found_in("commit by rename", times_after_rename(), "the record's times are not its deadline") > 0);
}

TEST_CASE("times of a new session that are set after it has its name are noticed") {
  CHECK(found_in("first commit", times_after_rename(), "the record's times") > 0);
}

TEST_CASE("a rename that is not atomic is noticed") {
  CHECK(found_in("commit", rename_by_unlink_and_link(), "there is a spare without its record") > 0);
  CHECK(found_in("commit by rename", rename_by_unlink_and_link(), "a snapshot finds neither") > 0);
}

TEST_CASE("a commit that writes over the record is noticed") {
  CHECK(found_in("commit", exchange_by_copy(), "the record does not verify") > 0);
}

TEST_CASE("times that are set in two steps are noticed") {
  CHECK(found_in("touch", times_in_two_steps(), "the record's times are not its deadline") > 0);
}

TEST_CASE("a session that is made under its own name at once is noticed") {
  CHECK(found_in("first commit", creation_without_temporary_file(), "the record does not verify") > 0);
}

TEST_CASE("a destroy that unlinks the record before its spare is noticed") {
  CHECK(found_in("destroy", record_unlinked_before_spare(), "there is a spare without its record") > 0);
}

TEST_CASE("a sweep that unlinks the record before its spare is noticed") {
  CHECK(found_in("sweep of an expired session", record_unlinked_before_spare(), "there is a spare without its record") >
        0);
}

TEST_CASE("a quarantine that takes the record before its spare is noticed") {
  CHECK(found_in("quarantine of record and spare", record_set_aside_before_spare(),
                 "there is a spare without its record") > 0);
}

TEST_CASE("a recovery that gives up the spare before the record is whole is noticed") {
  const Scene* itself = nullptr;
  Scene scene(place(), [&](std::shared_ptr<sys::System> inner) {
    return spare_unlinked_before_recovery(*itself)(std::move(inner));
  });
  itself = &scene;
  SessionSubject subject(scene, operation_called("recovery of an emptied record by a lock"));
  CHECK(found(subject, "a snapshot finds neither the old version nor the new one: absent") > 0);
}

TEST_CASE("a generation that a killed writer has used, given out again, is noticed") {
  CHECK(found_in("commit", blind_to_killed_writers(), "has been written before") > 0);
}

TEST_CASE("temp files that are left are noticed") {
  CHECK(found_in("commit, no spare yet", temporary_files_stay(), "after a sweep these files are there") > 0);
}

TEST_CASE("a forked child that keeps the lock of a killed holder is noticed") {
  Scene scene(place(), fork_keeps_locks());
  ForkedHolder holder(scene);
  CHECK(found(holder, "the lock is not free") > 0);
}

TEST_CASE("a store that is one before it is whole is noticed") {
  InitSubject init(place(), InitSubject::From::nothing, store_file_without_content());
  CHECK(found(init, "neither no store nor a whole one") > 0);
}

TEST_SUITE_END();

}  // namespace
}  // namespace sess::test
