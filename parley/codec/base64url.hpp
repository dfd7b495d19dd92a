// Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5). Threading: values.
#pragma once

#include <parley/base/bytes.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// Four characters for three bytes; without padding the last group may have two or three.
std::string to_base64url(Bytes bytes);
/// Only the one canonical form: no padding, and the bits that are left over are zero.
std::optional<Buffer> from_base64url(std::string_view text);

}  // namespace parley
