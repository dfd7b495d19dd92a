// How messages that are RLP lists are written. Threading: pure functions.
#pragma once

#include <parley/base/shared_bytes.hpp>
#include <parley/codec/rlp.hpp>

#include <vector>

namespace parley::chain::sync_topic {

/// Closes the list that is the message.
inline SharedBytes finish(rlp::Writer& out) {
    out.end_list();
    return SharedBytes::own(out.take());
}

inline void write_strings(rlp::Writer& out, const std::vector<SharedBytes>& strings) {
    out.begin_list();
    for (const auto& string : strings) out.string(Bytes{string});
    out.end_list();
}

}  // namespace parley::chain::sync_topic
