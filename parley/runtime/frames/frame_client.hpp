// A client of the FrameServer: connects, sends one frame, reads one. Blocks the caller, for a Job
// or a command. Threading: any.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/time.hpp>

#include <cstddef>
#include <string>

namespace parley::runtime {

/// The answer of the server at the Unix socket `path`. `timeout` is for all of it. Errors, in words
/// with the path: nobody listens, no answer in time, an answer of more than `answer_bytes_max`.
Result<Buffer, std::string> ask_frame(const std::string& path, Bytes request,
                                      std::size_t answer_bytes_max, Duration timeout);

}  // namespace parley::runtime
