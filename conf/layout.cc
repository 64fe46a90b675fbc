#include "conf/layout.h"

#include <algorithm>

namespace sse_proxy {

void append_wrapped(std::string& out, std::string_view text, size_t column) {
  const size_t start = out.size();
  size_t at = column;
  while (!text.empty()) {
    const size_t length = std::min(text.find(' '), text.size());
    if (at > column && at + 1 + length > kTextWidth) {
      out.append("\n").append(column, ' ');
      at = column;
    }
    if (at > column) {
      out += ' ';
      ++at;
    }
    out += text.substr(0, length);
    at += length;
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  std::replace(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), kFixedSpace, ' ');
  out += '\n';
}

void fill_to(std::string& out, size_t column) {
  const size_t start = out.rfind('\n') == std::string::npos ? 0 : out.rfind('\n') + 1;
  size_t used = out.size() - start;
  if (used >= column) {
    out += '\n';
    used = 0;
  }
  out.append(column - used, ' ');
}

}  // namespace sse_proxy
