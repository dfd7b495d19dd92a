// The plain form of a key file: the secret as 64 hex digits and a line end.
// Threading: values only.
#pragma once

#include <parley/base/secret_bytes.hpp>
#include <parley/identity/node_key.hpp>

#include <optional>
#include <string_view>

namespace parley {

/// Nothing unless it is 64 hex digits of a valid secret; "0x" may come before, one line end (LF or
/// CR LF) after them.
std::optional<NodeKey> parse_key_text(std::string_view text);
/// 64 lower-case hex digits and '\n'.
SecretBytes key_text(const NodeKey& key);

}  // namespace parley
