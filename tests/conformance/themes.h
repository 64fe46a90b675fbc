// The tables by theme, a function each; cases.cc puts them in order.
#pragma once

#include <vector>

#include "tests/conformance/cases.h"

namespace sse_proxy::test {

std::vector<RequestCase> request_line_cases();
std::vector<RequestCase> request_target_cases();
std::vector<RequestCase> line_end_cases();
std::vector<RequestCase> field_cases();
std::vector<RequestCase> host_cases();
std::vector<RequestCase> request_framing_cases();
std::vector<RequestCase> request_chunk_cases();
std::vector<RequestCase> request_trailer_cases();
std::vector<RequestCase> connection_cases();
std::vector<RequestCase> upgrade_cases();
std::vector<RequestCase> pipeline_cases();

std::vector<ResponseCase> status_line_cases();
std::vector<ResponseCase> response_field_cases();
std::vector<ResponseCase> response_framing_cases();
std::vector<ResponseCase> response_chunk_cases();
std::vector<ResponseCase> interim_cases();

}  // namespace sse_proxy::test
