// What doctor makes of what a machine says of itself.
#include "../../../tools/sessctl/doctor/examinations.hpp"
#include "../../../tools/sessctl/doctor/mounts.hpp"
#include "../../../tools/sessctl/doctor/tmpfiles.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace sessctl {
namespace {

using Severity = Diagnosis::Severity;

/// A machine of files.
struct Machine {
  sess::test::TemporaryDirectory directory;
  MachineFiles files{directory.path()};

  void put(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = directory.path() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
};

Diagnosis only(const Diagnoses& found) {
  REQUIRE(found.size() == 1);
  return found.front();
}

bool says(const Diagnosis& diagnosis, const std::string& text) {
  return (diagnosis.what + "; " + diagnosis.advice).find(text) != std::string::npos;
}

constexpr const char* mountinfo =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "30 22 0:25 / /srv rw,nosuid - ext4 /dev/sdb1 rw,nobarrier,lazytime\n"
    "31 30 0:26 / /srv/my\\040site\\134 rw - nfs4 server:/export rw,vers=4.2\n"
    "32 22 0:27 / /srv-other rw - tmpfs tmpfs rw\n"
    "33 22 0:28 / /frozen ro,relatime - xfs /dev/sdc1 rw\n"
    "34 22 0:29 / /twice rw - ext4 /dev/sdd1 rw\n"
    "35 34 0:30 / /twice rw - btrfs /dev/sde1 rw\n"
    "not a line\n\n1 2 3 4 5 6 -\n";

}  // namespace

TEST_CASE(
    "where the kernel does not tell it, the mount of a path is the longest that it is below, and of two at one place "
    "the later one") {
  const auto guessed = [](const std::string& path) { return mount_of(path, std::nullopt, mountinfo); };
  CHECK(guessed("/etc")->source == "/dev/sda1");
  CHECK(guessed("/srv")->source == "/dev/sdb1");
  CHECK(guessed("/srv/store")->source == "/dev/sdb1");
  CHECK(guessed("/srv-other/store")->type == "tmpfs");
  CHECK(guessed("/srv/my site\\/store")->type == "nfs4");
  CHECK(guessed("/twice/store")->type == "btrfs");
  CHECK(guessed("/srv")->has_option("nosuid"));
  CHECK(guessed("/srv")->has_option("lazytime"));
  CHECK_FALSE(guessed("/srv")->has_option("lazy"));
  CHECK_FALSE(mount_of("/srv", std::nullopt, "").has_value());
}

TEST_CASE("the mount of a path is the one that the kernel says, also where it hides a deeper one") {
  const std::string hidden =
      "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "30 22 8:2 / /srv/site rw - nfs4 server:/export rw\n"
      "31 22 8:3 / /srv rw - xfs /dev/sdc1 rw\n";
  CHECK(mount_of("/srv/site/store", 31, hidden)->type == "xfs");
  CHECK(mount_of("/srv/site/store", 30, hidden)->type == "nfs4");
  // A mount that is not in the list (of another namespace) leaves the path.
  CHECK(mount_of("/srv/site/store", 99, hidden)->type == "nfs4");
  const Machine machine;
  machine.put("/proc/self/mountinfo", hidden);
  CHECK(says(only(examine_mount({"/srv/site/store", 0}, 31, machine.files)), "xfs"));
  // This machine's own.
  const auto own = MachineFiles().read("/proc/self/mountinfo");
  REQUIRE(own);
  const auto number = mount_id_of("/proc");
  REQUIRE(number);
  CHECK(mount_of("/", number, *own)->point == "/proc");
  CHECK_FALSE(mount_id_of(machine.directory / "nothing").has_value());
}

TEST_CASE("doctor says of a mount what it means for sessions") {
  const Machine machine;
  const auto found = [&](const std::string& path) { return examine_mount({path, 0}, std::nullopt, machine.files); };
  CHECK(only(found("/store")).severity == Severity::note);
  machine.put("/proc/self/mountinfo", mountinfo);
  CHECK(only(found("/store")).severity == Severity::good);
  CHECK(only(found("/srv-other/store")).severity == Severity::note);
  CHECK(only(found("/frozen/store")).severity == Severity::problem);
  CHECK(says(only(found("/frozen/store")), "read-only"));
  CHECK(only(found("/srv/my site\\/store")).severity == Severity::warning);
  const Diagnoses risky = found("/srv/store");
  REQUIRE(risky.size() == 2);
  CHECK(says(risky[0], "power cut"));
  CHECK(says(risky[1], "nolazytime"));
  machine.put("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw,barrier=0\n");
  CHECK(says(only(found("/store")), "power cut"));
  machine.put("/proc/self/mountinfo", "22 1 0:50 / / rw - overlay overlay rw,lowerdir=/a\n");
  CHECK(only(found("/store")).severity == Severity::warning);
}

TEST_CASE("doctor finds what systemd-tmpfiles deletes, by the line for the longest part of the path") {
  const Machine machine;
  machine.put("/usr/lib/tmpfiles.d/tmp.conf", "# q /tmp 1777 root root 1d\nq /tmp 1777 root root 10d\n");
  machine.put("/usr/lib/tmpfiles.d/var.conf", "d /var 0755 - - -\nd\t/var/cache  0755 - - 30d\nx /var/cache/keep\n");
  machine.put("/usr/lib/tmpfiles.d/more.conf",
              "D! /boot-cleaned 0755 root root\nR /removed-*\nr /single\nX /var/cache/alone\n"
              "e \"/srv/*/sessions\" - - - 5d\nd /home/%u - - - 1d\nd\nd relative - - - 1d\n");
  machine.put("/usr/lib/tmpfiles.d/ignored.txt", "d /etc 0755 - - 1d\n");
  const auto found = [&](const std::string& path) { return cleaning_of(path, machine.files); };
  REQUIRE(found("/tmp/store"));
  CHECK(found("/tmp/store")->line == "q /tmp 1777 root root 10d");
  CHECK(found("/tmp/store")->file == "/usr/lib/tmpfiles.d/tmp.conf");
  CHECK_FALSE(found("/tmp/store")->at_boot);
  CHECK_FALSE(found("/tmpstore"));
  CHECK_FALSE(found("/var/lib/store"));
  CHECK(found("/var/cache/site/store"));
  CHECK_FALSE(found("/var/cache/keep/store"));
  CHECK(found("/var/cache/alone/store"));
  // X spares the directory and not what is in it.
  CHECK(found("/var/cache/alone"));
  CHECK(found("/boot-cleaned/store")->at_boot);
  CHECK(found("/removed-by/store")->at_boot);
  // r does not remove a directory in which there is something.
  CHECK_FALSE(found("/single"));
  CHECK_FALSE(found("/single/store"));
  CHECK(found("/srv/www/sessions"));
  CHECK_FALSE(found("/srv/www/data"));
  CHECK_FALSE(found("/home/u"));
  CHECK_FALSE(found("/etc"));
  // A file of the same name in /etc takes its place.
  machine.put("/etc/tmpfiles.d/tmp.conf", "d /tmp 1777 root root -\n");
  CHECK_FALSE(found("/tmp/store"));
}

TEST_CASE("doctor warns of cleaners, and of those who do not see a store in /tmp") {
  const Machine machine;
  const auto found = [&](const std::string& path, std::uint32_t owner = 33) {
    return examine_cleaning({path, owner}, machine.files);
  };
  CHECK(only(found("/var/lib/store")).severity == Severity::good);
  CHECK(only(found("/tmp/store")).severity == Severity::warning);
  machine.put("/usr/lib/tmpfiles.d/tmp.conf", "q /tmp 1777 root root 10d\n");
  REQUIRE(found("/tmp/store").size() == 2);
  CHECK(found("/tmp/store")[0].severity == Severity::problem);
  CHECK(says(found("/tmp/store")[0], "'x /tmp/store' into /etc/tmpfiles.d"));

  // RemoveIPC: where there is systemd, for people and not for services.
  CHECK(only(found("/dev/shm/store", 1000)).severity == Severity::good);
  std::filesystem::create_directories(machine.directory.path() + "/run/systemd/system");
  CHECK(only(found("/dev/shm/store", 1000)).severity == Severity::problem);
  CHECK(only(found("/dev/shm/store", 33)).severity == Severity::good);
  CHECK(only(found("/srv/store", 1000)).severity == Severity::good);
  machine.put("/etc/systemd/logind.conf", "[Login]\n#RemoveIPC=yes\nRemoveIPC=no\n");
  CHECK(only(found("/dev/shm/store", 1000)).severity == Severity::good);
  for (const std::string no :
       {"RemoveIPC = no", "  RemoveIPC=no  ", "RemoveIPC=No", "RemoveIPC=n", "RemoveIPC=f", "RemoveIPC=FALSE",
        "RemoveIPC=off", "RemoveIPC=\t0", "RemoveIPC=no\nRemoveIPC=perhaps"}) {
    CAPTURE(no);
    machine.put("/etc/systemd/logind.conf", "[Login]\n" + no + "\n");
    CHECK(only(found("/dev/shm/store", 1000)).severity == Severity::good);
  }
  for (const std::string yes : {"RemoveIPC=no\nRemoveIPC = Yes", "RemoveIPC=no\nRemoveIPC=1", ";RemoveIPC=no",
                                "XRemoveIPC=no", "RemoveIPC=\n"}) {
    CAPTURE(yes);
    machine.put("/etc/systemd/logind.conf", "[Login]\n" + yes + "\n");
    CHECK(only(found("/dev/shm/store", 1000)).severity == Severity::problem);
  }
  machine.put("/etc/systemd/logind.conf", "[Login]\nRemoveIPC=no\n");
  machine.put("/etc/systemd/logind.conf.d/9.conf", "[Login]\nRemoveIPC=yes\n");
  CHECK(only(found("/dev/shm/store", 1000)).severity == Severity::problem);
}

TEST_CASE("doctor tells who the owner is outside of a container, and that he is nobody there") {
  const Machine machine;
  CHECK(examine_users({"/store", 33}, machine.files).empty());
  machine.put("/proc/self/uid_map", "         0          0 4294967295\n");
  CHECK(only(examine_users({"/store", 33}, machine.files)).severity == Severity::good);
  machine.put("/proc/self/uid_map", "0 100000 1000\n1000 1000 1\n");
  const Diagnosis mapped = only(examine_users({"/store", 33}, machine.files));
  CHECK(mapped.severity == Severity::note);
  CHECK(says(mapped, "user 100033 outside"));
  CHECK(only(examine_users({"/store", 1000}, machine.files)).severity == Severity::good);
  CHECK(only(examine_users({"/store", 65534}, machine.files)).severity == Severity::problem);
  // Where there is no store it has no owner.
  CHECK(examine_users({"/srv/store", 33, "/srv"}, machine.files).empty());
}

TEST_CASE("doctor tells of SELinux where it is enforcing, and of AppArmor where it is on") {
  const Machine machine;
  const auto found = [&](const std::optional<std::string>& label) { return examine_security(label, machine.files); };
  CHECK(only(found(std::nullopt)).severity == Severity::good);
  machine.put("/sys/fs/selinux/enforce", "0");
  CHECK(only(found("system_u:object_r:tmp_t:s0")).severity == Severity::good);
  machine.put("/sys/fs/selinux/enforce", "1");
  CHECK(only(found("system_u:object_r:tmp_t:s0")).severity == Severity::warning);
  CHECK(only(found(std::nullopt)).severity == Severity::warning);
  CHECK(only(found("system_u:object_r:httpd_sys_rw_content_t:s0")).severity == Severity::note);
  machine.put("/sys/module/apparmor/parameters/enabled", "Y\n");
  CHECK(found("system_u:object_r:httpd_sys_rw_content_t:s0").size() == 2);
}

TEST_CASE("doctor warns of little room before there is none") {
  constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  const auto severities = [](const Room& room) {
    std::vector<Severity> all;
    for (const Diagnosis& diagnosis : examine_room(room)) all.push_back(diagnosis.severity);
    return all;
  };
  using Both = std::vector<Severity>;
  CHECK(severities({50 * gib, 100 * gib, 5'000'000, 9'000'000}) == Both{Severity::good, Severity::good});
  CHECK(severities({2 * gib, 1000 * gib, 200'000, 9'000'000}) == Both{Severity::good, Severity::good});
  CHECK(severities({gib / 2, 100 * gib, 50'000, 9'000'000}) == Both{Severity::warning, Severity::warning});
  CHECK(severities({gib / 2, gib, 50'000, 90'000}) == Both{Severity::good, Severity::good});
  CHECK(severities({0, gib, 0, 90'000}) == Both{Severity::problem, Severity::problem});
  // A change that goes into the spare needs no room.
  CHECK(says(examine_room({0, gib, 0, 90'000})[0], "no session can be made, and not every one can be changed"));
  CHECK(severities({gib, 2 * gib, 0, 0}) == Both{Severity::good, Severity::good});
  CHECK(severities({0, 0, 0, 0}) == Both{Severity::good, Severity::good});  // ramfs, or tmpfs with size=0
}

TEST_CASE("doctor tells a clock that cannot be right from one that nobody keeps right") {
  using std::chrono::system_clock;
  const system_clock::time_point now = system_clock::from_time_t(1'800'000'000);
  CHECK(only(examine_clock(now, true)).severity == Severity::good);
  CHECK(only(examine_clock(now, std::nullopt)).severity == Severity::good);
  CHECK(only(examine_clock(now, false)).severity == Severity::warning);
  CHECK(only(examine_clock(system_clock::from_time_t(1000), true)).severity == Severity::problem);
}

TEST_CASE("doctor takes a store that was not swept for a day, or in the future, for one to look at") {
  using std::chrono::hours;
  const auto now = std::chrono::system_clock::from_time_t(1'800'000'000);
  sess::StoreFacts facts;
  facts.format = facts.newest_format = 1;
  const auto sweep = [&](const std::optional<sess::LastSweep>& last) {
    return examine_store(facts, last, {}, now).at(1);
  };
  CHECK(sweep(std::nullopt).severity == Severity::warning);
  CHECK(sweep(sess::LastSweep{.finished = now - hours(1)}).severity == Severity::good);
  CHECK(sweep(sess::LastSweep{.finished = now - hours(25)}).severity == Severity::warning);
  CHECK(sweep(sess::LastSweep{.finished = now + hours(1)}).severity == Severity::warning);
  CHECK(examine_store(facts, std::nullopt, std::nullopt, now)[0].severity == Severity::good);
  facts.newest_format = 2;
  CHECK(examine_store(facts, std::nullopt, std::nullopt, now)[0].severity == Severity::note);
}

TEST_CASE("doctor takes each thing that a file system cannot do for what it means") {
  const sess::FileSystemTrial good{.flock = true,
                                   .excludes = true,
                                   .keeps_times = true,
                                   .keeps_nanoseconds = true,
                                   .exchange = true,
                                   .no_replace = true,
                                   .excludes_processes = true,
                                   .frees_locks = true,
                                   .shows_changes = true};
  const auto worst = [](const sess::FileSystemTrial& found) {
    Severity severity = Severity::good;
    for (const Diagnosis& diagnosis : examine_trial(found)) severity = std::max(severity, diagnosis.severity);
    return severity;
  };
  CHECK(examine_trial(good).size() == 4);
  CHECK(worst(good) == Severity::good);
  for (bool sess::FileSystemTrial::*needed :
       {&sess::FileSystemTrial::flock, &sess::FileSystemTrial::excludes, &sess::FileSystemTrial::keeps_times}) {
    sess::FileSystemTrial found = good;
    found.*needed = false;
    CHECK(worst(found) == Severity::problem);
  }
  for (std::optional<bool> sess::FileSystemTrial::*between :
       {&sess::FileSystemTrial::excludes_processes, &sess::FileSystemTrial::frees_locks,
        &sess::FileSystemTrial::shows_changes}) {
    sess::FileSystemTrial found = good;
    found.*between = false;
    CHECK(worst(found) == Severity::problem);
    // What nobody has tried is not good.
    found.*between = std::nullopt;
    CHECK(worst(found) == Severity::warning);
  }
  for (bool sess::FileSystemTrial::*better : {&sess::FileSystemTrial::keeps_nanoseconds,
                                              &sess::FileSystemTrial::exchange, &sess::FileSystemTrial::no_replace}) {
    sess::FileSystemTrial found = good;
    found.*better = false;
    CHECK(worst(found) == Severity::note);
  }
}

TEST_CASE("doctor compares what was tried with what the store goes by") {
  sess::StoreFacts facts;
  sess::FileSystemTrial found{.flock = true, .excludes = true, .exchange = true};
  facts.exchange = true;
  CHECK(examine_memory(facts, found).empty());
  facts.exchange = false;
  CHECK(only(examine_memory(facts, found)).severity == Severity::note);
  found.exchange = false;
  CHECK(examine_memory(facts, found).empty());
  facts.exchange = true;
  CHECK(only(examine_memory(facts, found)).severity == Severity::warning);
  found.excludes = false;
  CHECK(examine_memory(facts, found).empty());  // it was not tried
}

TEST_CASE("doctor says why nothing could be tried") {
  const auto said = [](int number) { return examine_failed_trial(sess::IoError("create", "/store/probe", number)); };
  CHECK(said(ENOSPC).severity == Severity::problem);
  CHECK(says(said(ENOSPC), "create \"/store/probe\""));
  CHECK(says(said(ENOSPC), "free some space or inodes"));
  CHECK(says(said(EROFS), "mount the file system read-write"));
  // Somebody else is setting the store up.
  CHECK(said(EWOULDBLOCK).severity == Severity::warning);
}

TEST_CASE("doctor names each directory above a store by which another store could be put in its place") {
  const sess::test::TemporaryDirectory directory;
  const std::string middle = directory / "middle";
  const std::string store = middle + "/store";
  std::filesystem::create_directories(store);
  const auto of_middle = [&](mode_t mode) {
    REQUIRE(::chmod(middle.c_str(), mode) == 0);
    Severity severity = Severity::good;
    for (const Diagnosis& diagnosis : examine_parents({store, ::geteuid()}))
      if (says(diagnosis, "\"" + middle + "\"")) severity = std::max(severity, diagnosis.severity);
    return severity;
  };
  CHECK(of_middle(0700) == Severity::good);
  CHECK(of_middle(0755) == Severity::good);
  CHECK(of_middle(01777) == Severity::good);
  CHECK(of_middle(0777) == Severity::problem);
  CHECK(of_middle(0770) == Severity::warning);
  // Where the store is still to be made, too.
  const auto above = [&](const std::string& part) {
    for (const Diagnosis& diagnosis : examine_parents({middle + "/not/there", ::geteuid(), part}))
      if (says(diagnosis, "\"" + middle + "\"")) return diagnosis.severity;
    return Severity::good;
  };
  CHECK(above(middle) == Severity::warning);
  CHECK(above(middle + "/not") == Severity::warning);
  // In /tmp only its own owner can replace what is there, but everybody can make what is not.
  REQUIRE(::chmod(middle.c_str(), 01777) == 0);
  CHECK(above(middle) == Severity::warning);
  CHECK(above(middle + "/not") == Severity::good);
  // What is not there yet is nobody's.
  for (const Diagnosis& diagnosis : examine_parents({middle + "/not/there", ::geteuid(), middle}))
    CHECK_FALSE(says(diagnosis, "/not"));
  // Somebody else's. What is root's is everybody's to trust, so root gives it away first.
  if (::geteuid() == 0) REQUIRE(::chown(middle.c_str(), 65534, 65534) == 0);
  REQUIRE(::chmod(middle.c_str(), 0755) == 0);
  const std::uint32_t of_middle_owner = ::geteuid() == 0 ? 65534 : ::geteuid();
  const auto foreign = [&](std::uint32_t owner) {
    for (const Diagnosis& diagnosis : examine_parents({store, owner}))
      if (says(diagnosis, "\"" + middle + "\" belongs to user")) return diagnosis.severity;
    return Severity::good;
  };
  CHECK(foreign(of_middle_owner) == Severity::good);
  CHECK(foreign(of_middle_owner + 1) == Severity::warning);
}

}  // namespace sessctl
