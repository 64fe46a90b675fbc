// Input: a byte that says what is played, the bytes for it.
//   bit 0     the peer: bytes that anybody may send (0), or an honest engine with somebody between the two
//   (1) bit 1     the first: our client (1) or our server (0) receives them; the second: TLS 1.2 at most bit
//   2     our client resumes a session bits 3-7  the largest piece that is delivered: 1, 2, ... 31 bytes, or
//   (0) all at once
// The laws: what one side receives is a prefix of what its honest peer has sent; a clean end is one that the
// peer has said, after all that it sent; what is answered stays in proportion to what came; a connection that
// has failed says why and then nothing more; where nobody meddles, everything arrives.
#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_set_rand_method: the engine's randomness is to be the same each
                                     // time

#include <openssl/rand.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certificates.h"
#include "tls/context.h"
#include "tls/shared_settings.h"

namespace {

using namespace sse_proxy;
using tls::Engine;
using tls::State;

// OpenSSL is not instrumented: where its handshakes stand is what tells the fuzzer that an input is a new
// one.
__attribute__((used, section("__libfuzzer_extra_counters"))) uint8_t reached[2][64 * 8];

void require(bool condition, const char* law) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", law);
  std::abort();
}

std::minstd_rand randomness;

int random_bytes(unsigned char* out, int size) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<unsigned char>(randomness() >> 8);
  return 1;
}

void make_randomness_repeat() {
  static const RAND_METHOD kMethod = {.seed = nullptr,
                                      .bytes = &random_bytes,
                                      .cleanup = nullptr,
                                      .add = nullptr,
                                      .pseudorand = &random_bytes,
                                      .status = [] { return 1; }};
  RAND_set_rand_method(&kMethod);
}

// One side of a connection and what it has been told.
struct Party {
  explicit Party(std::unique_ptr<Engine> its_engine) : engine(std::move(its_engine)) {}

  // `wire` goes in, the answer comes out.
  std::string receive(std::string_view wire) {
    const State before = engine->state();
    std::string answer;
    std::vector<char> space(1 + wire.size() % 61);  // of its own, so that a write behind it is seen
    size_t size = 0;
    do {
      size = engine->receive(wire, space, answer);
      require(size <= space.size(), "no more comes out than there is room for");
      received.append(space.data(), size);
    } while (size == space.size());
    require(wire.empty(), "what was given has been taken");
    note(before);
    return answer;
  }

  std::string send(std::string_view plain) {
    const bool could = engine->writable();
    std::string wire;
    engine->send(plain, wire);
    require(could || wire.empty(), "only an open connection sends");
    require(wire.size() <= 2 * plain.size() + 64, "encryption adds little");
    if (could) sent += plain;
    return wire;
  }

  std::string shut_down() {
    const bool could = engine->writable();
    std::string wire;
    engine->shut_down(wire);
    require(could == !wire.empty(), "an end is said once, by an open connection");
    ended = ended || could;
    return wire;
  }

  void note(State before) {
    const State now = engine->state();
    const auto handshake = static_cast<unsigned>(SSL_get_state(engine->ssl())) % 64;
    reached[SSL_is_server(engine->ssl())][handshake * 8 + static_cast<unsigned>(now)] = 1;
    require(now == before || before == State::handshaking || now == State::closed || now == State::failed,
            "states only go on");
    if (now != State::failed) return;
    require(!engine->why().empty(), "a failure has a reason");
    std::string nothing;
    engine->send("x", nothing);
    engine->shut_down(nothing);
    require(nothing.empty(), "nothing is sent after a failure");
  }

  std::unique_ptr<Engine> engine;
  std::string sent, received;
  bool ended = false;  // it has said that it will send no more
};

class Contexts {
 public:
  Contexts() {
    make_randomness_repeat();
    const test::TestCa ca;
    const test::CertificateFiles files = ca.issue("server");
    server_ = *tls::ServerContext::load({.certificates = {files.certificate}, .keys = {files.key}}, tickets_);
    for (const tls::SslContextPtr& context : {std::cref(trusting_), std::cref(careful_)})
      tls::apply_shared_settings(*context, false);
    SSL_CTX_load_verify_file(careful_.get(), ca.file().c_str());
    SSL_CTX_set_verify(careful_.get(), SSL_VERIFY_PEER, &tls::note_verification);
  }

  Party server() { return Party(server_->accept()); }
  // One that believes any certificate gets further with bytes from anybody.
  Party client(bool careful, bool tls12, SSL_SESSION* session) {
    Party party(Engine::client(careful ? *careful_ : *trusting_, "localhost", session, nullptr));
    if (tls12) SSL_set_max_proto_version(party.engine->ssl(), TLS1_2_VERSION);
    return party;
  }

 private:
  tls::TicketKeys tickets_;
  std::shared_ptr<tls::ServerContext> server_;
  tls::SslContextPtr trusting_{SSL_CTX_new(TLS_client_method())};
  tls::SslContextPtr careful_{SSL_CTX_new(TLS_client_method())};
};

struct Play {
  bool tls12;
  bool resume;
  size_t piece;
};

// Two engines and the wires between them, on which somebody may lay hands.
class Pair {
 public:
  Pair(Contexts& contexts, const Play& play, SSL_SESSION* session)
      : piece_(play.piece), parties_{contexts.server(), contexts.client(true, play.tls12, session)} {
    parties_[kClient].engine->start(to_[kServer]);
  }

  // Each step is three bytes: what, where, how much.
  void play(std::string_view script) {
    for (; script.size() >= 3; script.remove_prefix(3)) {
      step(static_cast<uint8_t>(script[0]), static_cast<uint8_t>(script[1]), static_cast<uint8_t>(script[2]));
      check();
    }
  }

  void settle() {
    while (!to_[kServer].empty() || !to_[kClient].empty()) {
      deliver(kServer, SIZE_MAX);
      deliver(kClient, SIZE_MAX);
      check();
    }
  }

  void check_that_all_arrived() {
    for (const size_t at : {kServer, kClient}) {
      const Party& party = parties_[at];
      if (meddled_) continue;
      require(party.engine->state() == (parties_[1 - at].ended ? State::closed : State::open),
              "without meddling no connection fails");
      require(party.received == parties_[1 - at].sent, "without meddling everything arrives");
    }
  }

  tls::SessionPtr session() { return tls::SessionPtr(SSL_get1_session(parties_[kClient].engine->ssl())); }

 private:
  static constexpr size_t kServer = 0, kClient = 1;

  void step(uint8_t what, uint8_t where, uint8_t amount) {
    const size_t at = where % 2;
    std::string& wire = to_[at];
    const size_t place = wire.empty() ? 0 : size_t{where} / 2 * wire.size() / 128;
    switch (what % 8) {
      case 0: deliver(at, amount == 0 ? SIZE_MAX : amount); break;
      case 1: {
        const size_t length = std::min(size_t{amount} * amount, may_send_);
        may_send_ -= length;
        to_[1 - at] += parties_[at].send(std::string(length, static_cast<char>(what)));
        break;
      }
      case 2: to_[1 - at] += parties_[at].shut_down(); break;
      case 3: settle(); break;
      case 4:  // a byte is changed
        if (wire.empty() || amount == 0) break;
        wire[place] = static_cast<char>(wire[place] ^ amount);
        meddled_ = true;
        break;
      case 5:  // some are cut out
        if (wire.empty() || amount == 0) break;
        wire.erase(place, amount);
        meddled_ = true;
        break;
      case 6:  // what was delivered comes again
        if (delivered_[at].empty()) break;
        wire.insert(place, delivered_[at][amount % delivered_[at].size()]);
        meddled_ = true;
        break;
      case 7:  // what was sent to the other comes back
        if (delivered_[1 - at].empty()) break;
        wire += delivered_[1 - at][amount % delivered_[1 - at].size()];
        meddled_ = true;
        break;
    }
  }

  void deliver(size_t at, size_t size) {
    std::string wire = to_[at].substr(0, size);
    to_[at].erase(0, wire.size());
    if (wire.empty()) return;
    delivered_[at].push_back(wire);
    if (delivered_[at].size() > 16) delivered_[at].pop_front();
    for (size_t from = 0; from < wire.size(); from += std::min(piece_, wire.size() - from))
      to_[1 - at] += parties_[at].receive(std::string_view(wire).substr(from, piece_));
  }

  void check() const {
    for (const size_t at : {kServer, kClient}) {
      const Party& party = parties_[at];
      const Party& peer = parties_[1 - at];
      require(peer.sent.starts_with(party.received), "what is received is what was sent, as far as it came");
      require(party.engine->state() != State::closed || (peer.ended && peer.sent == party.received),
              "a clean end is one that the peer has said, behind all that it sent");
    }
  }

  size_t piece_;
  size_t may_send_ = piece_ == SIZE_MAX ? 100000 : 2000;  // both together: an input is to take milliseconds
  Party parties_[2];
  std::string to_[2];                     // on its way to each
  std::deque<std::string> delivered_[2];  // the last few pieces
  bool meddled_ = false;
};

void receive_anything(Party party, std::string_view bytes, size_t piece) {
  std::string sent;
  const size_t most = 16384 + 2 * bytes.size();
  party.engine->start(sent);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    const std::string_view next = bytes.substr(0, piece);
    sent += party.receive(next);
    require(party.received.empty(), "nobody without the keys is listened to");
    require(party.engine->state() != State::closed, "nobody without the keys can end a connection cleanly");
  }
  require(sent.size() <= most, "answers stay in proportion");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 16384) return 0;
  static auto& contexts = *new Contexts;
  static SSL_SESSION* const session = [] {
    Pair pair(contexts, {.tls12 = false, .resume = false, .piece = SIZE_MAX}, nullptr);
    pair.settle();
    return pair.session().release();
  }();
  randomness.seed(1);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t piece = data[0] >> 3;
  const Play play{(data[0] & 2) != 0, (data[0] & 4) != 0, piece == 0 ? SIZE_MAX : piece};
  const tls::SessionPtr resumed(play.resume ? SSL_SESSION_dup(session) : nullptr);
  if ((data[0] & 1) != 0) {
    Pair pair(contexts, play, resumed.get());
    pair.play(bytes);
    pair.settle();
    pair.check_that_all_arrived();
  } else {
    receive_anything((data[0] & 2) != 0 ? contexts.client(false, false, resumed.get()) : contexts.server(),
                     bytes, play.piece);
  }
  return 0;
}
