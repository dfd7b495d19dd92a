// The JSON of a body, with the numbers that are ids as their callers wrote them: an answer repeats
// "1.0" or a number of 20 digits as it came, and a double would not.
// Bounded: nesting. Threading: pure.
#pragma once

#include <parley/base/result.hpp>
#include <parley/rpc/method.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::rpc {

struct Body {
    json::value value;
    /// Of the requests in it, in order: the text of the id where that is a number, else empty. A
    /// request is an object at the top, or in an array at the top.
    std::vector<std::string> number_ids;
};

/// Errors: parse_error, with what is wrong and at which byte; nested deeper than `depth_max`.
parley::Result<Body, Error> parse_body(std::string_view text, std::size_t depth_max);

}  // namespace parley::rpc
