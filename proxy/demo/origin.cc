#include "proxy/demo/origin.h"

#include <zlib.h>

#include <array>
#include <charconv>
#include <memory>

#include "proxy/demo/script.h"

namespace sse_proxy::stage {
namespace {

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Content-Encoding: gzip\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: close\r\n\r\n";

class Gzip {
 public:
  Gzip() {
    constexpr int kGzipFormat = 16 + MAX_WBITS;
    deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY);
  }
  ~Gzip() { deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string compress(std::string_view text, int flush) {
    std::string out;
    std::array<Bytef, 4096> piece;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib does not write to it
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = piece.data();
      stream_.avail_out = piece.size();
      deflate(&stream_, flush);
      out.append(reinterpret_cast<const char*>(piece.data()), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
};

std::string chunk(std::string_view bytes) {
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  return std::string(size.data(), end).append("\r\n").append(bytes).append("\r\n");
}

// In two chunks, cut wherever the middle happens to be.
bool send_torn(Connection& client, std::string_view bytes) {
  const size_t half = bytes.size() / 2;
  return client.send(chunk(bytes.substr(0, half))) && client.send(chunk(bytes.substr(half)));
}

}  // namespace

void play_origin(Connection client) {
  std::string request;
  if (!client.receive_head(request) || !client.send(kHead)) return;
  const bool long_texts = request.find(kWithLongTexts) != std::string::npos;
  const auto text_of = [long_texts](const Line& line) { return long_texts ? line.text : line.shown(); };
  const auto lines = script();
  Gzip gzip;
  if (!send_torn(client, gzip.compress(event_start(0, text_of(lines[0])), Z_SYNC_FLUSH))) return;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!client.pause(lines[i].pause)) return;
    std::string text = event_rest(text_of(lines[i]), clock_now());
    if (i + 1 < lines.size()) text += event_start(i + 1, text_of(lines[i + 1]));
    if (!send_torn(client, gzip.compress(text, Z_SYNC_FLUSH))) return;
  }
  if (!client.pause(kPauseAtEnd)) return;
  client.send(chunk(gzip.compress("", Z_FINISH)) + "0\r\n\r\n");
}

}  // namespace sse_proxy::stage
