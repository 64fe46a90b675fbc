// The page at /, and what it loads: built in, so that it needs nothing from elsewhere.
#pragma once

#include <optional>
#include <string_view>

#include "proxy/admin/admin_connection.h"

namespace sse_proxy {

// None: there is no such file.
std::optional<AdminAnswer> page_answer(std::string_view path);

}  // namespace sse_proxy
