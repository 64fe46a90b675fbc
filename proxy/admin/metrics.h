// /metrics: the workers' counters and the process's state for Prometheus.
#pragma once

#include "proxy/admin/admin_connection.h"
#include "proxy/admin/admin_server.h"

namespace sse_proxy {

// In the text format 0.0.4, or in OpenMetrics 1.0 where the request accepts that. Reads atomics only: a
// scrape costs the workers nothing, however many streams they have.
AdminAnswer metrics_answer(const RequestHead& request, Shared& shared, Workers workers);

// The text format as OpenMetrics has it: counters' families without `_total`, bucket limits that show a
// point, and an end.
std::string as_open_metrics(std::string_view text);

}  // namespace sse_proxy
