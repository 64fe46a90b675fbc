#include "proxy/exchange/error_event_body.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace sse_proxy {
namespace {

constexpr size_t kMaxText = 64 * 1024;

bool is_text(std::string_view content_type) {
  std::string type(media_type(content_type));
  for (char& c : type) c = ascii_lower(c);
  return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
         type == "application/xml" || type.ends_with("+xml");
}

// One `data:` line per line of the text, whatever ends its lines.
void append_data_lines(std::string_view text, std::string& out) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  for (;;) {
    const size_t end = text.find_first_of("\r\n");
    out.append("data: ").append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

}  // namespace

std::string error_event(std::string_view event_name, int status, std::string_view text,
                        std::string_view message) {
  std::string event = "event: " + std::string(event_name) + "\n";
  event.append(": status ").append(std::to_string(status)).append("\n");
  if (text.empty()) {
    const nlohmann::ordered_json body = {{"status", status}, {"message", message}};
    append_data_lines(body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), event);
  } else {
    append_data_lines(text, event);
  }
  return event.append("\n");
}

ErrorEventBody::ErrorEventBody(Worker& worker, Downstream& client, std::unique_ptr<ResponseBody> waiting,
                               std::string event_name, const ResponseHead& head)
    : worker_(worker),
      client_(client),
      waiting_(std::move(waiting)),
      event_name_(std::move(event_name)),
      reason_(head.reason),
      status_(head.status),
      tellable_(is_text(head.fields.find(FieldId::content_type).value_or(""))) {
  const std::string coding = head.fields.joined(FieldId::content_encoding);
  const CodingSupport support = coding_support(coding);
  if (support == CodingSupport::decodable) decoder_ = make_content_decoder(coding, worker.shared().decoders);
  if (support != CodingSupport::identity && decoder_ == nullptr) tellable_ = false;
}

void ErrorEventBody::push(std::string_view piece) {
  if (decoder_ == nullptr) return collect(piece);
  while (tellable_) {
    const std::span<char> slab = worker_.decode_slab();
    const DecodeStep step = decoder_->decode(piece, slab);
    piece.remove_prefix(step.consumed);
    collect({slab.data(), step.produced});
    if (step.status != DecodeStep::Status::more) tellable_ = false;
    if (step.consumed == 0 && step.produced == 0) return;
  }
}

void ErrorEventBody::collect(std::string_view text) {
  if (tellable_ && text_.size() + text.size() > kMaxText) tellable_ = false;
  if (tellable_) text_.append(text);
}

void ErrorEventBody::finish(TimePoint, std::unique_ptr<Fields>) {
  if (decoder_ != nullptr && !decoder_->complete()) tellable_ = false;
  const std::string event =
      error_event(event_name_, status_, tellable_ ? std::string_view(text_) : "", reason_);
  const std::string_view piece = event;
  client_.end(std::span(&piece, 1), nullptr);
  ended_ = true;
}

}  // namespace sse_proxy
