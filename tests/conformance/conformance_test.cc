// Message integrity (rule 11), case by case: what is forwarded is exactly one unambiguous message, or
// nothing. The tables are beside this file, one per theme; docs/http-policy.md shows them next to other
// proxies.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/conformance/message.h"
#include "tests/conformance/observe.h"
#include "tests/integration/proxy_helpers.h"

namespace sse_proxy::test {
namespace {

constexpr Millis kCasePatience{5000};

// One proxy and one origin for all cases of a theme; each case is a connection of its own.
struct ConformanceRig {
  RecordingOrigin origin;
  Proxy proxy{{"--upstream", "http://127.0.0.1:" + std::to_string(origin.port())}};
  Observer observer{origin, proxy.port(), kCasePatience};
};

// Rule 13: in JSON, but for the answer to HEAD, which ends with its head.
bool tells_the_error(const Seen& seen) {
  const std::string body = "\r\n\r\n{\"error\":{\"code\":" + seen.verdict.substr(0, 3) + ",\"message\":\"";
  return seen.received.find("Content-Type: application/json\r\n") != std::string::npos &&
         (seen.received.find(body) != std::string::npos || seen.received.ends_with("\r\n\r\n"));
}

template <class Case>
void keep_every_case(const Theme<Case>& theme) {
  ConformanceRig rig;
  for (const Case& row : theme.cases) {
    const Seen seen = rig.observer.observe(row);
    EXPECT_EQ(seen.verdict, row.expected.verdict)
        << theme.name << ": " << row.name << " (" << row.section << ")\n  sent "
        << testing::PrintToString(row.bytes.substr(0, 300)) << "\n  otherwise: " << seen.detail
        << "\n  client got " << testing::PrintToString(seen.received.substr(0, 300));
    if (isdigit(static_cast<unsigned char>(seen.verdict[0])) != 0) {
      EXPECT_TRUE(tells_the_error(seen))
          << theme.name << ": " << row.name << "\n  client got " << seen.received;
    }
  }
}

template <class Case>
std::string test_name(const testing::TestParamInfo<Theme<Case>>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

class Requests : public testing::TestWithParam<Theme<RequestCase>> {};
INSTANTIATE_TEST_SUITE_P(Of, Requests, testing::ValuesIn(request_themes()), test_name<RequestCase>);
TEST_P(Requests, ReachTheOriginAsOneUnambiguousMessageOrNotAtAll) { keep_every_case(GetParam()); }

class Responses : public testing::TestWithParam<Theme<ResponseCase>> {};
INSTANTIATE_TEST_SUITE_P(Of, Responses, testing::ValuesIn(response_themes()), test_name<ResponseCase>);
TEST_P(Responses, ReachTheClientAsOneUnambiguousMessageOrAsAnError) { keep_every_case(GetParam()); }

template <class Case>
void expect_named_cases(const std::vector<Theme<Case>>& themes, size_t at_least) {
  std::vector<std::string> names;
  for (const Theme<Case>& theme : themes) {
    for (const Case& row : theme.cases) {
      EXPECT_FALSE(row.section.empty()) << row.name;
      EXPECT_EQ(row.expected.verdict.find('\t'), std::string::npos);
      names.push_back(row.name);
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << "two cases of one name";
  EXPECT_GE(names.size(), at_least);
}

TEST(ConformanceTables, NameEveryCaseOnceAndSayWhereItIsWritten) {
  expect_named_cases(request_themes(), 200);
  expect_named_cases(response_themes(), 80);
}

}  // namespace
}  // namespace sse_proxy::test
