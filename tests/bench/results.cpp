#include "bench/results.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace sess::bench {
namespace {

template <class T>
T quantile(std::vector<T> values, double part) {
  const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(index));
  return values[index];
}

}  // namespace

std::size_t Results::find(const Case& of, const std::string& system) const {
  const auto found =
      std::ranges::find_if(series_, [&](const Series& series) { return series.of == of && series.system == system; });
  return static_cast<std::size_t>(found - series_.begin());
}

void Results::add(const Case& of, const std::string& system, double microseconds,
                  const std::vector<std::int64_t>& each) {
  const std::size_t at = find(of, system);
  if (at == series_.size()) series_.push_back({of, system, {}, {}});
  Series& series = series_[at];
  series.rounds.push_back(microseconds);
  series.each.insert(series.each.end(), each.begin(), each.end());
}

std::vector<Row> Results::rows(const std::string& floor) const {
  std::vector<Row> rows;
  for (const Series& series : series_) {
    Row row{series.of, series.system};
    row.median_us = quantile(series.rounds, 0.5);
    row.p99_us = static_cast<double>(quantile(series.each, 0.99)) / 1000;
    row.rounds = static_cast<int>(series.rounds.size());
    if (const std::size_t at = find(series.of, floor); at < series_.size()) {
      const std::vector<double>& below = series_[at].rounds;
      std::vector<double> ratios;
      for (std::size_t i = 0; i < std::min(series.rounds.size(), below.size()); ++i)
        ratios.push_back(series.rounds[i] / below[i]);
      row.ratio_to_floor = quantile(ratios, 0.5);
      row.ratio_low = std::ranges::min(ratios);
      row.ratio_high = std::ranges::max(ratios);
    }
    rows.push_back(row);
  }
  return rows;
}

std::string json_of(const std::vector<Row>& rows) {
  auto array = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    array.push_back({{"system", row.system},
                     {"operation", row.of.operation},
                     {"filesystem", row.of.filesystem},
                     {"payload_bytes", row.of.payload_bytes},
                     {"sessions", row.of.sessions},
                     {"processes", row.of.processes},
                     {"median_us", row.median_us},
                     {"p99_us", row.p99_us},
                     {"ratio_to_floor", row.ratio_to_floor > 0 ? nlohmann::ordered_json(row.ratio_to_floor) : nullptr},
                     {"ratio_low", row.ratio_to_floor > 0 ? nlohmann::ordered_json(row.ratio_low) : nullptr},
                     {"ratio_high", row.ratio_to_floor > 0 ? nlohmann::ordered_json(row.ratio_high) : nullptr},
                     {"rounds", row.rounds}});
  }
  return array.dump(1) + "\n";
}

}  // namespace sess::bench
