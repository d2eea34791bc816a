// Metrics in the text format that Prometheus reads (https://prometheus.io/docs/instrumenting/exposition_formats/), for
// the textfile collector of its node exporter.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace sessctl {

/// Every metric is called libsess_... and has the label `store`, the path: one file may be made of several stores.
class MetricsText {
 public:
  explicit MetricsText(std::string_view path);

  void begin(std::string_view name, std::string_view type, std::string_view help) {
    text_ += fmt::format("# HELP libsess_{0} {1}\n# TYPE libsess_{0} {2}\n", name, help, type);
  }
  template <class Number>
  void sample(std::string_view name, Number value, std::string_view label = {}) {
    text_ += fmt::format("libsess_{}{{{}{}{}}} {}\n", name, store_, label.empty() ? "" : ",", label, value);
  }
  template <class Number>
  void gauge(std::string_view name, std::string_view help, Number value) {
    begin(name, "gauge", help);
    sample(name, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string store_;
  std::string text_;
};

}  // namespace sessctl
