#include "parser/upgrade.h"

#include <algorithm>

namespace sse_proxy {
namespace {

// protocol = protocol-name ["/" protocol-version]
std::string_view protocol_name(std::string_view protocol) noexcept {
  return protocol.substr(0, protocol.find('/'));
}

}  // namespace

std::string wanted_upgrades(const RequestHead& head, std::span<const std::string> allowed) {
  std::string wanted;
  if (head.fields.count(FieldId::upgrade) == 0 || head.version == Version::http10 ||
      head.body.kind != Framing::none || !head.fields.lists(FieldId::connection, "upgrade")) {
    return wanted;
  }
  for_each_element(head.fields.joined(FieldId::upgrade), [&](std::string_view protocol) {
    const bool is_allowed = std::any_of(allowed.begin(), allowed.end(), [&](std::string_view name) {
      return equals_ignoring_case(name, protocol_name(protocol));
    });
    if (is_allowed) wanted.append(wanted.empty() ? "" : ", ").append(protocol);
  });
  return wanted;
}

void ask_for_upgrade(RequestHead& head, std::string_view protocols) {
  head.fields.add("Connection", "upgrade");
  head.fields.add("Upgrade", protocols);
}

std::string agreed_upgrade(const ResponseHead& head, std::string_view asked) {
  const std::string agreed = head.fields.joined(FieldId::upgrade);
  if (head.version == Version::http10 || !head.fields.lists(FieldId::connection, "upgrade")) return "";
  bool all_asked = true;
  for_each_element(agreed, [&](std::string_view protocol) {
    bool was_asked = false;
    for_each_element(asked, [&](std::string_view one) {
      was_asked = was_asked || equals_ignoring_case(protocol_name(one), protocol_name(protocol));
    });
    all_asked = all_asked && was_asked;
  });
  return all_asked ? agreed : "";
}

}  // namespace sse_proxy
