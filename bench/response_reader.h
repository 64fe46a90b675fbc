// Reads one response after another and counts what the bench asks for. Strict: what it does not expect is an
// error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct Counts {
  uint64_t heads = 0;
  uint64_t responses = 0;  // complete ones
  uint64_t events = 0;
  uint64_t chunks = 0;
  uint64_t cut_chunks = 0;    // that end inside an event
  std::vector<float> delays;  // microseconds from an event's stamp, or from when a plain request was due
};

// One connection's responses. The counts are shared by all connections and outlive them.
class ResponseReader {
 public:
  explicit ResponseReader(Counts& counts) : counts_(counts) {}

  // Takes what came at `now`; false when it is no response that the bench's origin can have sent.
  bool feed(std::string_view bytes, int64_t now);

  uint64_t events() const { return events_; }
  uint64_t responses() const { return responses_; }
  bool has_head() const { return has_head_; }

 private:
  enum class State : uint8_t { head, size_line, chunk, chunk_end, last_line, body };

  bool read_head();
  bool read_size();
  void read_data(std::string_view data, int64_t now);
  void finish();

  Counts& counts_;
  std::string line_;  // the head, or a chunk's size, as far as it came
  uint64_t left_ = 0;
  uint64_t events_ = 0;
  uint64_t responses_ = 0;
  int64_t stamp_ = 0;
  int stamp_digits_ = -1;  // of the stamp being read; -1: none is
  State state_ = State::head;
  bool has_head_ = false;
  bool ends_event_ = false;  // the last two bytes were line ends
  char last_ = '\0';
};

}  // namespace bench
