// zstd (RFC 8878, RFC 9659) over libzstd's streaming decoder: a stage of a ContentDecoder.
#pragma once

#include <cstddef>
#include <memory>

#include "parser/accounted_memory.h"
#include "parser/content_decoder.h"

namespace sse_proxy {

// zstd's context is 96 KB or more; the buffers for the frame's window, up to 8.6 MB, come with each frame.
inline constexpr size_t kZstdReservation = 1024 * 1024;

// Any number of frames, skippable ones among them, with a window of up to 8 MiB: what RFC 9659 makes the
// limit for HTTP. Null when `memory` has no room.
std::unique_ptr<ContentDecoder> make_zstd_decoder(AccountedMemory& memory);

}  // namespace sse_proxy
