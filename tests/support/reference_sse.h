// A decoder of text/event-stream bytes as WHATWG HTML section 9.2.6 words it: whole stream in, events out.
// Slow and plain on purpose, and without a line in common with parser/event_scanner: it is what that is
// judged by.
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sse_proxy::test {

struct ReferenceEvent {
  std::string type;
  std::string data;
  std::string last_event_id;
  friend bool operator==(const ReferenceEvent&, const ReferenceEvent&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const ReferenceEvent& event) {
  return out << '{' << event.type << ", \"" << event.data << "\", id " << event.last_event_id << '}';
}

struct ReferenceDecoding {
  std::vector<ReferenceEvent> events;  // those that are dispatched
  std::vector<std::string> comments;
  std::optional<std::string> retry;  // the last one that is all digits
};

struct ReferenceLine {
  std::string_view text;
  size_t end;       // offset just past its line end, CR LF counted as one
  bool terminated;  // false: the stream ended inside it
};

inline constexpr std::string_view kBom = "\xef\xbb\xbf";

inline std::vector<ReferenceLine> reference_lines(std::string_view stream) {
  std::vector<ReferenceLine> lines;
  size_t at = stream.substr(0, 3) == kBom ? 3 : 0;
  while (at < stream.size()) {
    const size_t stop = stream.find_first_of("\r\n", at);
    if (stop == std::string_view::npos) {
      lines.push_back({stream.substr(at), stream.size(), false});
      break;
    }
    const bool two = stream.substr(stop, 2) == "\r\n";
    lines.push_back({stream.substr(at, stop - at), stop + (two ? 2 : 1), true});
    at = lines.back().end;
  }
  return lines;
}

inline ReferenceDecoding reference_decode(std::string_view stream) {
  ReferenceDecoding decoded;
  std::string type;
  std::string data;
  std::string last_id;
  for (const ReferenceLine& line : reference_lines(stream)) {
    if (!line.terminated) break;  // "once the end is reached, pending data must be discarded"
    if (line.text.empty()) {
      if (!data.empty()) {
        data.pop_back();  // the last of the LFs that `data` lines append
        decoded.events.push_back({type.empty() ? "message" : type, data, last_id});
      }
      type.clear();
      data.clear();
      continue;
    }
    if (line.text[0] == ':') {
      decoded.comments.emplace_back(line.text);
      continue;
    }
    const size_t colon = line.text.find(':');
    const std::string_view name = line.text.substr(0, colon);
    std::string_view value =
        colon == std::string_view::npos ? std::string_view() : line.text.substr(colon + 1);
    if (!value.empty() && value[0] == ' ') value.remove_prefix(1);
    if (name == "event") type = value;
    if (name == "data") data.append(value).append("\n");
    if (name == "id" && value.find('\0') == std::string_view::npos) last_id = value;
    if (name == "retry" && !value.empty() &&
        value.find_first_not_of("0123456789") == std::string_view::npos) {
      decoded.retry = value;
    }
  }
  return decoded;
}

// For every length of a stream's prefix: where in it the last boundary and the last line end are. A CR ends
// its line at once, so both the offset after the CR and the one after the LF of a CR LF count. And how many
// blank lines after at least one field line there are in it.
struct ReferenceMarks {
  std::vector<size_t> boundary;
  std::vector<size_t> line_end;
  std::vector<size_t> events;

  explicit ReferenceMarks(std::string_view stream)
      : boundary(stream.size() + 1, 0), line_end(stream.size() + 1, 0), events(stream.size() + 1, 0) {
    bool fields = false;
    size_t at = 0;
    const auto next = [&](bool line_ends, bool event_ends) {
      ++at;
      line_end[at] = line_ends ? at : line_end[at - 1];
      boundary[at] = line_ends && !fields ? at : boundary[at - 1];
      events[at] = events[at - 1] + (event_ends ? 1 : 0);
    };
    for (const ReferenceLine& line : reference_lines(stream)) {
      const auto text_end = static_cast<size_t>(line.text.data() - stream.data()) + line.text.size();
      while (at < text_end) next(false, false);
      if (!line.terminated) return;
      const bool event_ends = line.text.empty() && fields;
      if (line.text.empty()) {
        fields = false;
      } else if (line.text[0] != ':') {
        fields = true;
      }
      next(true, event_ends);
      if (at < line.end) next(true, false);
    }
    while (at < stream.size()) next(false, false);
  }
};

}  // namespace sse_proxy::test
