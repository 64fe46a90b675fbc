#include "tests/integration/admin_helpers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/integration/abuse_helpers.h"

namespace sse_proxy::test {

std::string admin_address(Process& proxy) {
  constexpr std::string_view kListens = "admin listens on ";
  const std::string line = proxy.wait_for_log(kListens);
  const size_t at = line.find(kListens) + kListens.size();
  return line.substr(at, line.find('"', at) - at);
}

namespace {

Args with_admin(Args args) {
  if (std::find(args.begin(), args.end(), "--admin") == args.end())
    args.insert(args.end(), {"--admin", "127.0.0.1:0"});
  return args;
}

}  // namespace

AdminRig::AdminRig(Args args) : Rig(with_admin(std::move(args))) {
  const std::string address = admin_address(proxy);
  if (!address.starts_with("unix:"))
    admin_port = static_cast<uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

Response AdminRig::ask(std::string_view path, std::string_view method, std::string_view fields,
                       std::string_view host) const {
  Peer peer = admin();
  std::string request(method);
  request.append(" ").append(path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
  peer.send(request.append(fields).append("\r\n"));
  return read_response(peer, method == "HEAD");
}

double AdminRig::metric(std::string_view name) const {
  const std::string text = get("/metrics"), start = "\n" + std::string(name) + " ";
  const size_t at = text.find(start);
  return at == std::string::npos ? -1 : std::stod(text.substr(at + start.size()));
}

void AdminRig::expect_metric(std::string_view name, double value) const {
  expect_soon([&] { return metric(name) == value; },
              (std::string(name) + " " + std::to_string(value)).c_str());
}

}  // namespace sse_proxy::test
