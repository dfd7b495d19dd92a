// JsonStream: cuts a stream of bytes into JSON values, as geth's IPC sends requests: one after the
// other, with or without white space between. It finds where a value ends by its brackets; whether
// it is JSON is for whoever reads it. Only objects and arrays are taken.
//
//     stream.push(bytes);
//     while (const auto text = stream.next(bytes_max)) {
//         if (!*text) break;  // more bytes are needed
//         handle(**text);
//     }
//
// Bounded: it holds less than a value of the size that is taken and what the last push brought.
// Threading: a value.
#pragma once

#include <parley/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::rpc {

enum class JsonStreamErrc : std::uint8_t {
    not_json,   ///< something else stands where an object or an array should begin
    too_large,  ///< a value has more bytes than are taken
};

class JsonStream {
public:
    /// Precondition: next() has given no error.
    void push(std::string_view bytes);
    /// The next value as text; nothing if its end has not come yet. After an error the stream is of
    /// no more use.
    parley::Result<std::optional<std::string>, JsonStreamErrc> next(std::size_t bytes_max);
    /// A value has begun whose end has not come.
    bool in_value() const { return depth_ > 0; }

private:
    bool find_end();

    std::string buffer_;
    std::size_t begin_ = 0;  ///< of what was not given yet
    std::size_t read_ = 0;   ///< up to here the value's brackets are counted
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;  ///< within a string, after a backslash
};

/// Whether a connection that begins so speaks JSON rather than HTTP; nothing if it is all white
/// space so far.
std::optional<bool> begins_json(std::string_view bytes);

}  // namespace parley::rpc
