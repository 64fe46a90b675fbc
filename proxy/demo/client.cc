#include "proxy/demo/client.h"

#include <zlib.h>

#include <array>
#include <charconv>

#include "parser/http_types.h"

namespace sse_proxy::stage {
namespace {

std::string request() {
  return "GET " + std::string(kWithLongTexts) +
         " HTTP/1.1\r\n"
         "Host: demo.local\r\n"
         "Accept: text/event-stream\r\n"
         "Accept-Encoding: gzip, deflate, br\r\n\r\n";
}

bool is_comment(std::string_view block) { return block.starts_with(':'); }

}  // namespace

BodyReader::BodyReader(bool gzipped) {
  if (!gzipped) return;
  gzip_ = std::make_unique<z_stream>();
  inflateInit2(gzip_.get(), 16 + MAX_WBITS);
}

BodyReader::~BodyReader() {
  if (gzip_) inflateEnd(gzip_.get());
}

std::vector<std::string> BodyReader::feed(std::string_view bytes) {
  dechunk(bytes);
  std::vector<std::string> blocks;
  for (size_t end = text_.find("\n\n"); end != std::string::npos; end = text_.find("\n\n")) {
    blocks.push_back(text_.substr(0, end));
    text_.erase(0, end + 2);
  }
  return blocks;
}

void BodyReader::dechunk(std::string_view bytes) {
  framed_.append(bytes);
  while (!complete_) {
    if (left_in_chunk_ > 0) {
      const std::string piece = framed_.substr(0, left_in_chunk_);
      if (piece.empty()) return;
      framed_.erase(0, piece.size());
      left_in_chunk_ -= piece.size();
      decode(piece);
      continue;
    }
    // Chunks are separated by the line end of the one and the size line of the next: skip the first.
    const size_t from = framed_.starts_with("\r\n") ? 2 : 0;
    const size_t to = framed_.find("\r\n", from);
    if (framed_ == "\r" || to == std::string::npos) return;
    size_t size = 0;
    std::from_chars(framed_.data() + from, framed_.data() + to, size, 16);
    framed_.erase(0, to + 2);
    left_in_chunk_ = size;
    complete_ = size == 0;
  }
}

void BodyReader::decode(std::string_view coded) {
  if (!gzip_) {
    text_.append(coded);
    return;
  }
  std::array<Bytef, 4096> piece;
  gzip_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));  // zlib does not write to it
  gzip_->avail_in = static_cast<uInt>(coded.size());
  do {
    gzip_->next_out = piece.data();
    gzip_->avail_out = piece.size();
    const int status = inflate(gzip_.get(), Z_SYNC_FLUSH);
    text_.append(reinterpret_cast<const char*>(piece.data()), piece.size() - gzip_->avail_out);
    if (status != Z_OK) return;  // the end, nothing more for now, or broken: then nothing more will come
  } while (gzip_->avail_out == 0 || gzip_->avail_in > 0);
}

LaneClient::LaneClient(uint16_t port, const StopSignal& stop)
    : thread_([this, port, &stop] { read(port, stop); }) {}

LaneClient::~LaneClient() { thread_.join(); }

std::vector<Sight> LaneClient::sights() const {
  const std::lock_guard lock(mutex_);
  return sights_;
}

void LaneClient::note(Sight sight) {
  const std::lock_guard lock(mutex_);
  sights_.push_back(std::move(sight));
}

void LaneClient::note_block(std::string_view block) {
  const microseconds now = clock_now();
  if (const auto event = read_event(block)) {
    note({Sight::Kind::event, now, *event});
  } else if (is_comment(block)) {
    note({Sight::Kind::keepalive, now});
  } else {
    note({.kind = Sight::Kind::garbage, .at = now, .detail = std::string(block.substr(0, 60))});
  }
}

void LaneClient::read(uint16_t port, const StopSignal& stop) {
  Connection server = Connection::to(port, stop);
  std::string bytes;
  if (!server.send(request()) || !server.receive_head(bytes) || !bytes.starts_with("HTTP/1.1 200 ")) {
    const std::string_view answer = std::string_view(bytes).substr(0, bytes.find('\r'));
    note({.kind = Sight::Kind::cut, .at = clock_now(), .detail = "no stream: " + std::string(answer)});
    return;
  }
  BodyReader body(equals_ignoring_case(field(bytes.substr(0, head_end(bytes)), "Content-Encoding"), "gzip"));
  bytes.erase(0, head_end(bytes));
  do {
    for (const std::string& block : body.feed(bytes)) note_block(block);
    bytes.clear();
  } while (!body.complete() && server.receive(bytes, kTimeLimit) == Connection::Wait::bytes);
  note({body.complete() ? Sight::Kind::end : Sight::Kind::cut, clock_now()});
}

bool is_over(const std::vector<Sight>& sights) {
  if (sights.empty()) return false;
  return sights.back().kind == Sight::Kind::end || sights.back().kind == Sight::Kind::cut;
}

}  // namespace sse_proxy::stage
