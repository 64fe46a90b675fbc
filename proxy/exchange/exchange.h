// One request and its response: from the head of the one to the end of the other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "parser/content_decoder.h"
#include "parser/http1_parser.h"
#include "proxy/exchange/client_streams.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/response_body.h"
#include "proxy/exchange/stream_info.h"
#include "proxy/exchange/tunnel.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/ops/outcome.h"
#include "proxy/upstream/connector.h"
#include "proxy/worker.h"

namespace sse_proxy {

// Exchange carries a request to an upstream and its response to the client.
//   Owned by  the client's connection; by the worker once the client has gone and `on_disconnect` is `drain`.
//   Borrows   the Downstream until exchange_done(), and an UpstreamConnection between connect and release.
//   Thread    its worker's.
//   Fails     in fail(): an own answer while no head has gone out, else an abort that the client can see.
//
//      connecting ──ready──> awaiting_head ──head──> responding ──end──> done
//           │                      ├───────101────────> tunnelling ──────┤
//           └──────────────────────┴──── fail(), client gone, drain ──────┘
class Exchange final : public Retirable,
                       public Timer,
                       private UpstreamUser,
                       private ConnectorUser,
                       private TunnelUser {
 public:
  Exchange(Worker& worker, Downstream& client);
  ~Exchange() override;

  // --- the client's side calls ---
  void start(RequestHead&& head);
  void on_request_body(std::string_view piece);
  void on_request_complete(std::unique_ptr<Fields> trailers);
  // What the client sent is no HTTP, or too slow: answer or abort, then it is over.
  void on_request_failed(const Error& error) { fail(error); }
  // The client left, or can take no more. True: the exchange goes on without it and must be given to the
  // worker.
  [[nodiscard]] bool on_client_gone();
  void on_client_drained();
  void on_drain();
  void abort_now();

  [[nodiscard]] bool request_complete() const noexcept { return request_complete_; }
  [[nodiscard]] bool response_begun() const noexcept { return phase_ >= Phase::responding || early_head_; }
  // --- the admin listener asks, on the worker's loop ---
  [[nodiscard]] bool is_stream() const noexcept { return counted_stream_; }
  [[nodiscard]] uint32_t stream_number() const noexcept { return stream_number_; }
  [[nodiscard]] StreamInfo describe() const;
  // A GET stream ends as in a drain, another is cut off. False: at its next boundary.
  bool end_stream();

  [[nodiscard]] const Route& route() const noexcept { return route_->route; }

 private:
  enum class Phase : uint8_t { connecting, awaiting_head, responding, tunnelling, done };

  // ConnectorUser
  void on_upstream_ready(std::unique_ptr<UpstreamConnection> connection, bool reused) override;
  void on_upstream_unavailable(const Error& error) override { fail(error); }
  // UpstreamUser
  void on_interim_head(ResponseHead&& head) override;
  void on_response_head(ResponseHead&& head) override;
  void on_response_body(std::string_view piece) override;
  void on_turn_end() override;
  void on_response_complete(std::unique_ptr<Fields> trailers) override;
  void on_upstream_failed(const Error& error) override;
  void on_switched(std::string_view sent_ahead) override;
  void on_upstream_drained() override;
  // TunnelUser
  void on_tunnel_ended(TunnelEnd end) override;
  // Timer
  void on_timer(TimePoint now) override;

  // exchange.cc: the request, the time, what is left at the end
  void connect(bool fresh);
  [[nodiscard]] bool can_send_again() const noexcept;
  void send(std::span<const iovec> pieces);
  void throttle_request();
  void reschedule();
  [[nodiscard]] TimePoint next_deadline() const;
  [[nodiscard]] TimePoint upstream_deadline() const;
  void on_upstream_silent();
  void release_upstream();
  void finish(Outcome outcome);
  void count_stream_end(Outcome outcome);
  void log_access(Outcome outcome) const;

  // exchange_response.cc: the response
  [[nodiscard]] bool take_place();
  void begin_event_stream(ResponseHead&& head);
  void begin_pass_through(ResponseHead&& head);
  void begin_after_early_head(ResponseHead&& head);
  void begin_tunnel(ResponseHead&& head);
  void commit_early_head();
  [[nodiscard]] bool decode_if_coded(const ResponseHead& head, std::unique_ptr<ContentDecoder>& decoder);
  void count_stream();
  void measure_turn(Millis silence, TimePoint now);
  void after_body_step();
  void pace_upstream();
  void note_missing_response();

  // exchange_end.cc: ends that are not the response's
  void plan_stream_end(TimePoint earliest);
  void end_stream_if_due(TimePoint now);
  [[nodiscard]] std::string_view phase_name() const noexcept;
  [[nodiscard]] UpstreamPhase upstream_phase() const noexcept;
  [[nodiscard]] std::string_view upstream_text() const noexcept;
  void fail(const Error& error);
  void answer_with_reconnect();

  Worker& worker_;
  Downstream* client_;                          // null once it has gone
  std::shared_ptr<const RouteSettings> route_;  // those of the request's time: a reload changes no exchange
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<UpstreamConnection> upstream_;
  std::unique_ptr<ResponseBody> body_;
  std::unique_ptr<Tunnel> tunnel_;           // the request asks for an upgrade
  std::unique_ptr<RequestHead> head_;        // not sent yet, or kept to be sent once more
  std::unique_ptr<std::string> early_body_;  // came before there was a connection to send it on
  std::string method_;
  std::string path_;  // without its query, which may hold secrets
  PeerAddress peer_;
  RequestOrigin origin_;
  std::optional<ClientStreams::Place>
      place_;  // while it is, or may become, one of its client's event streams
  TimePoint started_;
  TimePoint last_request_byte_;
  TimePoint last_upstream_byte_;
  TimePoint early_head_due_ = kNever;
  TimePoint stream_end_due_ = kNever;
  TimePoint queued_since_ = kNever;  // event bytes wait for the client
  uint64_t request_bytes_ = 0;
  uint64_t response_bytes_ = 0;  // of the body, as the upstream sent it
  uint32_t stream_number_ = 0;   // of its worker
  int status_ = 0;               // as the client saw it
  BodyFraming request_body_;
  Phase phase_ = Phase::connecting;
  Outcome stream_end_outcome_ = Outcome::complete;
  bool expects_event_stream_ = false;
  bool request_complete_ = false;
  bool sent_ = false;    // request bytes went to an upstream connection
  bool reused_ = false;  // the upstream connection served another exchange before
  bool retried_ = false;
  bool early_head_ = false;         // 200 text/event-stream was committed before the upstream answered
  bool was_at_rest_ = false;        // the body, at the end of the last turn, with the timer set since
  bool upstream_answered_ = false;  // with a head that was accepted
  bool counted_stream_ = false;     // as an event stream that is open
  bool body_in_turn_ = false;       // this turn brought bytes of the body
  bool first_event_seen_ = false;
  bool told_as_event_ = false;  // the answer is no event stream and came after an early head
};

}  // namespace sse_proxy
