#include "campaign.hpp"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>

#include "support/processes.hpp"

namespace sess::test {

namespace {

constexpr unsigned most_workers = 2;

/// What a worker leaves for its parent.
struct Report {
  Tally tally;
  std::array<char, 1 << 16> fault{};
};

/// In memory that the workers share with their parent.
class Reports {
 public:
  Reports()
      : reports_(
            static_cast<Report*>(::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (reports_ == MAP_FAILED) throw std::runtime_error("mmap");
    for (unsigned i = 0; i < most_workers; ++i) new (&reports_[i]) Report;
  }
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  ~Reports() { ::munmap(reports_, size); }
  Report& operator[](unsigned worker) { return reports_[worker]; }

 private:
  static constexpr std::size_t size = most_workers * sizeof(Report);
  Report* reports_;
};

std::vector<int> processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> found;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) found.push_back(i);
  return found;
}

/// A hand-over that stays on one processor takes half as long.
void stay_on(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

std::string described(const ScheduleResult& result, const Machine& machine) {
  std::string text = "SCHEDULE_SEED=" + std::to_string(result.seed) + ": " + result.fault + "\n";
  for (const std::string& line : machine.trace()) text += "  " + line + "\n";
  return text;
}

void work(std::uint64_t first, std::uint64_t count, unsigned worker, unsigned workers, Report& report) {
  std::map<std::string, std::unique_ptr<Machine>> machines;
  for (std::uint64_t i = worker; i < count && report.fault[0] == 0; i += workers) {
    auto& machine = machines[place_of(first + i)];
    if (!machine) machine = std::make_unique<Machine>(place_of(first + i));
    const ScheduleResult result = machine->run(first + i);
    if (result.fault.empty()) continue;
    const std::string text = described(result, *machine);
    std::memcpy(report.fault.data(), text.data(), std::min(text.size(), report.fault.size() - 1));
  }
  for (const auto& [place, machine] : machines) report.tally += machine->tally();
}

std::uint64_t number_in_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr || *text == 0 ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

std::string place_of(std::uint64_t seed) {
  static const std::vector<std::string> places = file_systems();
  return seed % 8 == 0 ? places.front() : places.back();
}

Campaign run_schedules(std::uint64_t first, std::uint64_t count) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<int> found = processors();
  const unsigned workers = std::clamp(static_cast<unsigned>(found.size()), 1U, most_workers);
  Reports reports;
  Campaign campaign;
  {
    std::vector<Child> children;
    for (unsigned i = 0; i < workers; ++i)
      children.emplace_back([&, i] {
        if (!found.empty()) stay_on(found[i]);
        work(first, count, i, workers, reports[i]);
      });
    for (unsigned i = 0; i < workers; ++i)
      if (children[i].wait() != 0) campaign.faults.emplace_back("a process of the campaign did not end well");
  }
  for (unsigned i = 0; i < workers; ++i) {
    campaign.tally += reports[i].tally;
    if (reports[i].fault[0] != 0) campaign.faults.emplace_back(reports[i].fault.data());
  }
  campaign.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return campaign;
}

std::uint64_t wanted_schedules() {
  const char* const sanitizer = std::getenv("SAN");
  if (sanitizer != nullptr && *sanitizer != 0) return number_in_environment("SCHEDULES", 2'000);
  return number_in_environment("SCHEDULES", long_run() ? 2'000'000 : 60'000);
}

std::uint64_t first_seed() { return number_in_environment("SCHEDULE_FIRST", std::random_device()()); }

}  // namespace sess::test
