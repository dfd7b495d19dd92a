// walk_json: reads JSON as a series of events, without a tree of it. Numbers come as they were
// written, since a balance has more digits than a double. Bounded: nesting by the caller; memory by
// the longest string. Threading: pure. Spec: RFC 8259.
#pragma once

#include <parley/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::chain {

/// A value that is neither an object nor an array.
struct JsonScalar {
    enum class Kind : std::uint8_t { null, boolean, number, string };
    Kind kind;
    std::string_view text;  ///< as written; of a string its content. Valid during the call.
};

/// Told what is read, in order. False ends the reading.
class JsonVisitor {
public:
    virtual ~JsonVisitor() = default;
    virtual bool begin_object() = 0;
    virtual bool end_object() = 0;
    virtual bool begin_array() = 0;
    virtual bool end_array() = 0;
    /// `ordinal`: how many strings stand before it in the text, keys included.
    virtual bool key(std::string_view text, std::size_t ordinal) = 0;
    virtual bool scalar(const JsonScalar& value) = 0;
};

/// Why a text is no JSON.
struct JsonFault {
    std::size_t offset;  ///< bytes before it
    std::string reason;
    friend bool operator==(const JsonFault&, const JsonFault&) = default;
};

/// True if all of the text was read, false if the visitor ended it.
Result<bool, JsonFault> walk_json(std::string_view text, std::size_t depth_max,
                                  JsonVisitor& visitor);

/// Where the string with this ordinal begins, in bytes. Precondition: walk_json() told of it.
std::size_t json_string_offset(std::string_view text, std::size_t ordinal);

}  // namespace parley::chain
