// What nodes say to each other on the topic "tx". docs/formats/gossip.md.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/shared_bytes.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/transport/types.hpp>

#include <cstddef>
#include <vector>

namespace parley::chain::tx_topic {

inline constexpr transport::Code payload = 1;   ///< one transaction, its raw bytes
inline constexpr transport::Code announce = 2;  ///< hashes: "I have these"
inline constexpr transport::Code graft = 3;     ///< hashes: "send these, and whole items from now"
inline constexpr transport::Code prune = 4;     ///< empty: "announcements from now"
inline constexpr transport::Code missing = 5;   ///< hashes: "asked for, but I do not have these"

inline constexpr std::size_t hashes_max = 1024;

/// RLP list of 32-byte strings. Precondition: at most hashes_max.
SharedBytes encode_hashes(const std::vector<Hash256>& hashes);
/// Errors: those of RLP; wrong_size for a hash that is not 32 bytes; too_long above hashes_max;
/// missing_item below `hashes_min`; repeated_item.
Result<std::vector<Hash256>, rlp::RlpError> decode_hashes(Bytes message,
                                                          std::size_t hashes_min = 1);

}  // namespace parley::chain::tx_topic
