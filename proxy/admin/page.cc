#include "proxy/admin/page.h"

#include "proxy/admin/page_files.h"  // made from proxy/admin/page/ by cmake/page.cmake

namespace sse_proxy {
namespace {

struct File {
  std::string_view path;
  std::string_view type;
  std::string_view content;
};
constexpr File kFiles[] = {{"/", "text/html; charset=utf-8", page::kIndexHtml},
                           {"/page.css", "text/css; charset=utf-8", page::kPageCss},
                           {"/page.js", "text/javascript; charset=utf-8", page::kPageJs}};

// Nothing inline, nothing from elsewhere, in nobody's frame.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri "
    "'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace

std::optional<AdminAnswer> page_answer(std::string_view path) {
  for (const File& file : kFiles) {
    if (file.path != path) continue;
    AdminAnswer answer{.type = file.type, .body = std::string(file.content)};
    answer.fields.add("Content-Security-Policy", kPolicy);
    answer.fields.add("Referrer-Policy", "no-referrer");
    return answer;
  }
  return std::nullopt;
}

}  // namespace sse_proxy
