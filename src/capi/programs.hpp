// What the C interface makes of a C handler. Exported for libsess-fcgi, which is of the same version: no public header
// declares it.
#pragma once

#include <sess/cgi.h>

#include "capi/handles.hpp"

#include <sess/web/runner.hpp>

struct sess_response {
  sess::web::Response& response;
};

namespace sess::capi {

/// Throws UsageError for NULL.
SESS_API web::Handler handler_of(sess_handler handler, void* data);
SESS_API web::RunOptions run_options(const sess_run_options* given);

}  // namespace sess::capi
