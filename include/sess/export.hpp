// Marks what the shared library exports; everything else is hidden.
#pragma once

#if defined(__GNUC__)
#define SESS_API __attribute__((visibility("default")))
#else
#define SESS_API
#endif
