// What stands in front of the proxy, and what follows from it: the `behind` option's table.
// Three limits are kept apart, as only the first is reset by a keep-alive: silence between bytes, the
// time to the first byte, the age of the whole response.
#pragma once

#include <chrono>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/note.h"
#include "conf/options.h"

namespace sse_proxy {

// A load balancer, CDN, platform or proxy that `behind` can name. A limit of 0: none is known.
struct Intermediary {
  std::string_view name;
  milliseconds idle{0};               // silence between bytes before it cuts
  milliseconds first_byte{0};         // wait for the response head before it answers by itself
  milliseconds total{0};              // age at which it cuts any response
  milliseconds client_keepalive{0};   // how long it keeps an idle connection to us, where known
  std::string_view total_note{};      // about the total limit, where a number does not say it all
  bool cuts_healthy_streams = false;  // the total limit applies without anything else happening
  std::string_view advice{};
};

// The whole table, in the order in which it is printed. Static.
std::span<const Intermediary> intermediaries();

// The entry of that name, or null.
const Intermediary* find_intermediary(std::string_view name);

// What `--behind list` prints.
void print_behind_table(std::ostream& out);

// A value that `auto` stands for, and the reason as a clause: "half of alb's idle timeout of 60s".
struct Derived {
  milliseconds value{0};
  std::string why;
};

// The keep-alive interval: half the shortest idle timeout, at most 30 s; 15 s where there is none.
Derived derive_keepalive(const std::vector<std::string>& behind);

// How long we keep an idle client connection: longer than whatever stands in front does.
Derived derive_idle_timeout(const std::vector<std::string>& behind);

// The lines for the log at start: warnings where a limit applies that the settings do not keep clear
// of. `keepalive_is_explicit`: the user set sse.keepalive to something other than `auto`. Call it on
// finished options.
std::vector<Note> behind_notes(const Options& options, bool keepalive_is_explicit);

// One line per limit on the wait for the first byte that `early_headers` would keep clear of.
std::vector<Note> first_byte_notes(const Options& options);

}  // namespace sse_proxy
