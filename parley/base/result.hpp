// Errors as values: std::expected with a small code and the two numbers that explain it.
#pragma once

#include <cstdint>
#include <expected>
#include <utility>

namespace parley {

/// What went wrong (one enum per layer), what was expected and what came. The numbers are sizes,
/// versions or offsets, as the code says; zero when they would say nothing. `message(Error)` of
/// the layer spells it out.
template <class Code>
struct Error {
    Code code;
    std::uint64_t expected = 0;
    std::uint64_t actual = 0;
    friend bool operator==(const Error&, const Error&) = default;
};

template <class T, class E>
using Result = std::expected<T, E>;

/// `return fail(RlpError::truncated, 4, 2);`
template <class Code>
std::unexpected<Error<Code>> fail(Code code, std::uint64_t expected = 0, std::uint64_t actual = 0) {
    return std::unexpected{Error<Code>{code, expected, actual}};
}

}  // namespace parley
