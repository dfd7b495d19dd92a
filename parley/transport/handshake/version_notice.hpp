// VersionNotice: what a responder answers to an M1 whose versions do not overlap with its own, in a
// layout that is the same in all versions: "PRLY" | verMin u16 | verMax u16 | mac 16. The MAC shows
// that the answer belongs to this M1; whoever is on the path can forge it. So it is a hint for the
// log and for how long to wait, never a reason to lower one's own range.
// docs/formats/handshake.md. Threading: pure functions.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/transport/handshake/handshake.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace parley::transport {

inline constexpr std::size_t version_notice_bytes = 24;

/// Precondition: `m1.size() == m1_bytes`.
ByteArray<version_notice_bytes> encode_version_notice(const VersionRange& ours, Bytes m1,
                                                      const NodeId& responder);
/// Whether bytes that should be M2 begin as a notice does. False for less than four bytes.
bool begins_version_notice(Bytes bytes);
/// The responder's range; nothing if the MAC does not fit or the range is empty.
/// Precondition: `notice.size() == version_notice_bytes && m1.size() == m1_bytes`.
std::optional<VersionRange> decode_version_notice(Bytes notice, Bytes m1, const NodeId& responder);

/// "2", or "2 to 3".
std::string to_string(const VersionRange& versions);

}  // namespace parley::transport
