// One HTTP/1 client: requests in, one exchange at a time, responses out.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "parser/http1_parser.h"
#include "parser/proxy_protocol.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/exchange.h"
#include "proxy/net/timer_wheel.h"
#include "proxy/net/transport.h"
#include "proxy/worker.h"

namespace sse_proxy {

// ClientConnection reads requests, frames responses, and watches the client at all times.
//   Owned by  its worker, which frees it at the end of the turn in which it closes.
//   Thread    its worker's.
//
//   idle, with proxy_protocol until the PROXY header is complete
//   idle ──byte──> reading_head ──head──> exchanging ──done──> idle, or
//     └── time-out, end ──> closed             │          closing: what is queued goes out, then lingering:
//                                              │          input is discarded until the client ends, then
//                                              closed │          (a reset would destroy the answer) └──101──>
//                                              tunnelling: the socket is the tunnel's, until closed
class ClientConnection final : public Retirable,
                               public Timer,
                               private TransportOwner,
                               private RequestSink,
                               private Downstream {
 public:
  using Position = std::list<std::unique_ptr<ClientConnection>>::iterator;

  ClientConnection(Worker& worker, const PeerAddress& peer);

  // Takes over the accepted socket.
  void open(int fd, bool tls, Position position);
  [[nodiscard]] Position position() const noexcept { return position_; }

  [[nodiscard]] Exchange* exchange() const noexcept { return exchange_.get(); }
  void on_drain();
  void abort_now();
  // For an idle one that has to make room: false when bytes wait to be read, or an abort to be noticed.
  bool close_if_silent();
  // Long ago for one that has had its last answer.
  [[nodiscard]] TimePoint idle_since() const noexcept {
    return state_ == State::lingering ? TimePoint() : state_since_;
  }

 private:
  static constexpr uint32_t kLingerBytes = 1024 * 1024;  // to be discarded at most
  enum class State : uint8_t { idle, reading_head, exchanging, tunnelling, closing, lingering, closed };

  // TransportOwner
  void on_bytes(std::string_view bytes) override;
  void on_end() override;
  void on_broken(int error, std::string_view why) override;
  void on_secured() override;
  void on_plain_http() override;
  void on_drained() override;
  // RequestSink
  void on_request_head(RequestHead&& head) override;
  void on_request_body(std::string_view piece) override;
  // Downstream
  void interim(const ResponseHead& head) override;
  void begin(ResponseHead& head) override;
  void flush() override;
  void write_body(std::span<const std::string_view> pieces) override;
  void end(std::span<const std::string_view> pieces, const Fields* trailers) override;
  void abort() override;
  void refuse(int status, std::string_view message) override;
  TransportPtr switch_protocols(const ResponseHead& head, std::string& sent_ahead) override;
  [[nodiscard]] size_t queued() const override { return transport_ == nullptr ? 0 : transport_->queued(); }
  [[nodiscard]] bool taking() const override { return transport_ != nullptr && transport_->queued() == 0; }
  void pause_request() override;
  void resume_request() override;
  void exchange_done() override;
  [[nodiscard]] const ConnectionFacts& facts() const override { return facts_; }
  // Timer
  void on_timer(TimePoint now) override;

  // client_connection.cc: reading and the connection's life
  [[nodiscard]] bool take_proxy_header(std::string_view& bytes);
  void begin_tls(std::string_view received);
  void refuse_proxy_header(std::string_view why);
  void enter(State state);
  void limit_reading();
  void await_request();
  void parse(std::string_view bytes);
  void on_parse_failed(const Error& error);
  void finish_request();
  void next_request();
  void reject(const Error& error);
  void lose_client();
  void limit_writing(Millis timeout);
  void drop_slow_client();
  void begin_closing();
  void linger();
  void stop_discarding();
  void close();

  // client_timeouts.cc
  void reschedule();
  [[nodiscard]] bool is_deaf() const;
  [[nodiscard]] TimePoint next_deadline() const;

  // client_response.cc: writing
  void send_body(std::span<const std::string_view> pieces, std::string_view after);

  Worker& worker_;
  ConnectionFacts facts_;
  std::unique_ptr<const std::string> certificate_subject_;  // what facts_ speaks of
  Position position_;
  TransportPtr transport_;
  std::unique_ptr<ProxyHeaderParser> proxy_header_;  // until it is complete
  std::unique_ptr<RequestParser> parser_;            // null from the end of a request to that of its response
  std::unique_ptr<Exchange> exchange_;
  std::string pipelined_;  // what came after the request under way
  std::string head_;       // a response head that waits for the first body bytes of its turn
  TimePoint state_since_;
  TimePoint last_request_byte_;
  TimePoint last_write_progress_;
  Millis write_timeout_;    // of the request under way or the last one; the kernel has the same
  uint32_t discarded_ = 0;  // bytes, while it lingers
  State state_ = State::idle;
  Framing framing_ = Framing::none;  // of the response
  bool served_ = false;              // a request was answered before
  bool http10_ = false;
  bool to_head_ = false;  // the request is a HEAD: no answer has a body
  bool keep_alive_ = true;
  bool head_sent_ = false;
  bool request_paused_ = false;
  bool aborting_ = false;    // the response must not look whole
  bool awaits_tls_ = false;  // a PROXY header comes first
  bool parsing_ = false;     // in parse(): it decides what follows
  bool peer_ended_ = false;
};

}  // namespace sse_proxy
