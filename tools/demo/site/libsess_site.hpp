// The site over libsess: a handler for sess::cgi::run and sess::fcgi::run.
#pragma once

#include <sess/store.hpp>
#include <sess/web/runner.hpp>

#include "demo/site/gate.hpp"
#include "demo/site/settings.hpp"
#include "demo/site/site.hpp"
#include "demo/site/slowness.hpp"

namespace demo {

class LibsessSite {
 public:
  LibsessSite(const sess::Store& store, const Gate& gate, const Settings& settings);

  /// Refers to this object, which outlives the run.
  sess::web::Handler handler() const;
  /// Refers to this object.
  sess::web::RunOptions run_options() const;

 private:
  const Gate& gate_;
  Slowness slowness_;
  bool secure_;
  sess::Store store_;
  Site site_;
};

}  // namespace demo
