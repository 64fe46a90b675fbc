#include "tests/conformance/observe.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "tests/conformance/message.h"

namespace sse_proxy::test {
namespace {

constexpr std::string_view kOriginAnswer =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

using Lines = std::vector<std::string>;
using State = Message::State;

struct Messages {
  std::vector<Message> complete;
  std::string rest;  // the beginning of another one
  State rest_state = State::incomplete;
};

template <class Read>
Messages split(std::string_view bytes, Read&& read) {
  Messages messages;
  while (!bytes.empty()) {
    Message message = read(bytes);
    if (message.state != State::complete) {
      messages.rest = bytes;
      messages.rest_state = message.state;
      break;
    }
    bytes.remove_prefix(message.size);
    messages.complete.push_back(std::move(message));
  }
  return messages;
}

Messages responses(std::string_view bytes, std::string_view method, bool closed) {
  return split(bytes, [&](std::string_view rest) { return read_response(rest, method, closed); });
}

Lines lines_of(const std::vector<Message>& messages) {
  Lines all;
  for (const Message& message : messages) {
    const Lines lines = message.lines();
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text.append(text.empty() ? "" : " | ").append(line);
  return text;
}

// "-TE: trailers +X: 1": what is missing, and what is there besides.
std::string difference(const Lines& expected, const Lines& seen) {
  Lines marked;
  const auto add_missing = [&](const char* mark, const Lines& from, const Lines& in) {
    for (const std::string& line : from) {
      if (std::find(in.begin(), in.end(), line) == in.end()) marked.push_back(mark + line);
    }
  };
  add_missing("-", expected, seen);
  add_missing("+", seen, expected);
  return marked.empty() ? joined(seen) : joined(marked);
}

std::vector<Message> final_ones(std::vector<Message> messages) {
  std::erase_if(messages, [](const Message& message) { return message.status() / 100 == 1; });
  return messages;
}

bool expects_end(const Expected& expected) {
  return expected.verdict.find_first_of("0123456789") != std::string::npos || expected.verdict == "aborted";
}

// The text that stands for what a case leaves out: its own bytes, or the origin's address.
Lines expected_lines(const Expected& expected, const std::string& own_bytes, uint16_t origin_port,
                     const auto& read) {
  std::vector<Message> messages;
  for (std::string text : expected.forwarded) {
    if (text.empty()) text = own_bytes;
    constexpr std::string_view kUpstream = "{upstream}";
    const size_t at = text.find(kUpstream);
    if (at != std::string::npos) {
      text.replace(at, kUpstream.size(), "127.0.0.1:" + std::to_string(origin_port));
    }
    const Messages parsed = split(text, read);
    messages.insert(messages.end(), parsed.complete.begin(), parsed.complete.end());
  }
  return lines_of(messages);
}

struct Forwarded {
  std::vector<Message> messages;
  bool broken = false;     // an incomplete one
  bool malformed = false;  // one that is not HTTP at all
  bool closed = true;
};

Forwarded forwarded_in(const std::vector<Recorded>& records) {
  Forwarded all;
  for (const Recorded& record : records) {
    Messages messages = split(record.bytes, read_request);
    all.broken |= !messages.rest.empty();
    all.malformed |= !messages.rest.empty() && messages.rest_state == State::malformed;
    all.closed &= record.closed;
    std::move(messages.complete.begin(), messages.complete.end(), std::back_inserter(all.messages));
  }
  return all;
}

std::string origin_verdict(const Forwarded& forwarded, bool as_expected) {
  std::string text;
  if (!forwarded.messages.empty()) text = as_expected ? "forwarded" : "forwarded otherwise";
  if (!forwarded.broken) return text;
  text += text.empty() ? "cut" : " and cut";
  if (forwarded.malformed) return text + ", malformed";
  return forwarded.closed ? text : text + ", left open";
}

std::string client_verdict(const std::vector<Message>& answers, size_t forwarded, bool ended) {
  if (!answers.empty() && answers.back().status() != 200) {
    return std::to_string(answers.back().status()) + (ended ? "" : " and kept open");
  }
  if (forwarded > 0 && answers.size() == forwarded) return "";
  return ended ? "closed" : "waits";
}

std::string method_of(std::string_view request) { return std::string(request.substr(0, request.find(' '))); }

}  // namespace

template <class Done>
void Observer::read_until(Peer& client, Done&& done) {
  while (client.ending() == Ending::open && !done()) {
    pollfd waiting{client.fd(), POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(patience_.count())) <= 0) return;
    client.read_for(Millis(0));
  }
}

// A body that will turn out bad is sent when its head has gone on, so that there is something to cut.
void Observer::send(Peer& client, const RequestCase& request) {
  const std::string_view bytes = request.bytes;
  const size_t head = request.expected.verdict.starts_with("cut") ? bytes.find("\r\n\r\n") + 4 : bytes.size();
  client.send(bytes.substr(0, head));
  if (head == bytes.size()) return;
  const auto deadline = Clock::now() + patience_;
  while (origin_.recorded().empty() && Clock::now() < deadline) std::this_thread::sleep_for(Millis(1));
  client.send(bytes.substr(head));
}

void Observer::fence() {
  Peer client = connect_to(proxy_port_);
  client.send(kFence);
  read_until(client, [] { return false; });
}

Seen Observer::observe(const RequestCase& request) {
  const Expected& expected = request.expected;
  origin_.begin({std::string(kOriginAnswer)});
  Peer client = connect_to(proxy_port_);
  send(client, request);
  const auto answers = [&] {
    return final_ones(responses(client.received(), "", client.ending() == Ending::fin).complete);
  };
  read_until(client, [&] {
    const std::vector<Message> so_far = answers();
    return !expects_end(expected) && so_far.size() >= expected.forwarded.size() &&
           so_far.back().status() == 200;
  });
  const bool ended = client.ending() != Ending::open;
  fence();
  client.read_for(Millis(0));
  client.close();
  (void)origin_.wait_until_closed(patience_);

  const Forwarded forwarded = forwarded_in(origin_.recorded());
  const Lines lines = lines_of(forwarded.messages);
  const Lines wanted = expected_lines(expected, request.bytes, origin_.port(), read_request);
  const std::string at_origin = origin_verdict(forwarded, lines == wanted || wanted.empty());
  const std::string at_client = client_verdict(answers(), forwarded.messages.size(), ended);
  Seen seen;
  seen.verdict = at_origin;
  if (!at_origin.empty() && !at_client.empty()) seen.verdict += forwarded.broken ? ", " : ", then ";
  seen.verdict += at_client;
  seen.received = client.received();
  if (lines != wanted) seen.detail = wanted.empty() ? joined(lines) : difference(wanted, lines);
  return seen;
}

Seen Observer::observe(const ResponseCase& response) {
  const Expected& expected = response.expected;
  const std::string method = method_of(response.request);
  const auto read_all = [&](std::string_view bytes) { return read_response(bytes, method, true); };
  const Lines wanted = expected_lines(expected, response.bytes, origin_.port(), read_all);
  origin_.begin({response.bytes, response.then_close});
  Peer client = connect_to(proxy_port_);
  client.send(response.request);
  const auto got = [&] { return responses(client.received(), method, client.ending() == Ending::fin); };
  read_until(client, [&] {
    return !expects_end(expected) && !final_ones(got().complete).empty() &&
           lines_of(got().complete) == wanted;
  });
  const bool ended = client.ending() != Ending::open;
  fence();
  client.read_for(Millis(0));

  const Messages messages = got();
  const Lines lines = lines_of(messages.complete);
  Seen seen;
  seen.received = client.received();
  if (!messages.rest.empty() || final_ones(messages.complete).empty()) {
    seen.verdict = messages.rest_state == State::malformed ? "malformed"
                   : !ended                                ? "waits"
                   : seen.received.empty()                 ? "closed"
                                                           : "aborted";
  } else if (lines == wanted) {
    seen.verdict = "passed";
  } else {
    const int status = messages.complete.back().status();
    seen.verdict = status >= 500 ? std::to_string(status) : "passed otherwise";
  }
  const bool passed = seen.verdict.starts_with("passed");
  if (passed && !response.then_close && !origin_.reused()) seen.verdict += ", connection not reused";
  if (!passed && origin_.reused()) seen.verdict += ", connection reused";
  if (lines != wanted && seen.verdict.starts_with("passed")) {
    seen.detail = wanted.empty() ? joined(lines) : difference(wanted, lines);
  }
  return seen;
}

}  // namespace sse_proxy::test
