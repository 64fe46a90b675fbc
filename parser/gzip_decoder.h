// gzip and deflate over zlib's inflate: stages of a ContentDecoder.
#pragma once

#include <cstddef>
#include <memory>

#include "parser/accounted_memory.h"
#include "parser/content_decoder.h"

namespace sse_proxy {

// zlib's state and its 32 KiB window are 40 KB; the rest is the buffer that a stack adds per coding.
inline constexpr size_t kInflateReservation = 48 * 1024;

// Any number of gzip members, back to back. Null when `memory` has no room.
std::unique_ptr<ContentDecoder> make_gzip_decoder(AccountedMemory& memory);

// One deflate stream, with the zlib wrapper that RFC 9110 asks for or raw, as some origins send it. Null as
// above.
std::unique_ptr<ContentDecoder> make_deflate_decoder(AccountedMemory& memory);

}  // namespace sse_proxy
