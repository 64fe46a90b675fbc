// The demo on a terminal: a row for each event of the script, a column for each lane, redrawn in place.
#pragma once

#include <string>

#include "proxy/demo/screen.h"

namespace sse_proxy::stage {

class LiveScreen final : public Screen {
 public:
  static bool fits(size_t columns, size_t rows);
  // Hides the cursor until it is destroyed.
  explicit LiveScreen(size_t columns);
  ~LiveScreen() override;
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  bool update(const Lanes& lanes) override { return draw(lanes, ""); }
  bool finish(const Lanes& lanes) override;

 private:
  bool draw(const Lanes& lanes, std::string_view last_line);
  [[nodiscard]] std::string frame(const Lanes& lanes, std::string_view last_line) const;
  [[nodiscard]] std::string side_by_side(std::string_view left, std::string_view right) const;
  [[nodiscard]] std::string rule() const;

  const size_t left_;   // cells of the left lane
  const size_t right_;  // and of the right one
  bool drawn_ = false;
};

}  // namespace sse_proxy::stage
