// br (RFC 7932) over Brotli's streaming decoder: a stage of a ContentDecoder.
#pragma once

#include <cstddef>
#include <memory>

#include "parser/accounted_memory.h"
#include "parser/content_decoder.h"

namespace sse_proxy {

// Brotli grows with what it decodes, from 20 KB up to a window of 16 MiB; this much is always to be had.
inline constexpr size_t kBrotliReservation = 1024 * 1024;

// One stream, with a window of up to 16 MiB (large windows are no part of `br`). Null when `memory` has no
// room.
std::unique_ptr<ContentDecoder> make_brotli_decoder(AccountedMemory& memory);

}  // namespace sse_proxy
