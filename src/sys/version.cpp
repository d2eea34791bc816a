#include <sess/version.hpp>

namespace sess {

std::string_view version() noexcept { return SESS_VERSION; }

}  // namespace sess
