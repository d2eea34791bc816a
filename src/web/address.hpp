// Addresses of this site, as handlers write them into links: what is put into them and taken out.
#pragma once

#include <string>
#include <string_view>

namespace sess::web {

/// True if a browser that finds this reference in a page of this site stays on its host (RFC 3986, section 4.2; a
/// backslash is a slash to browsers: WHATWG URL, section 4.4). Anything doubtful is not.
bool stays_on_host(std::string_view reference);

/// The same without the parameters of this name.
std::string without_parameter(std::string_view reference, std::string_view name);

/// The same with a mark where another parameter goes: `first` if it has no query, else `next`.
std::string with_parameter(std::string_view reference, std::string_view first, std::string_view next);

}  // namespace sess::web
