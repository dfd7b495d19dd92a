// AES-256-GCM by the library that was chosen for this processor, against OpenSSL.
#pragma once

#include <cstddef>
#include <string>

namespace parley::bench {

/// Bytes a second on one core, in messages of this size under one key, in place.
double seal_chosen(std::size_t message_bytes);
double seal_openssl(std::size_t message_bytes);
/// The same where a key seals one message alone, and another key the next.
double seal_turns_chosen(std::size_t message_bytes);
double seal_turns_openssl(std::size_t message_bytes);
/// What the line says of the limit, and of the library that was chosen.
std::string seal_limit();

}  // namespace parley::bench
