// Invitation: what a newcomer must know of a network (its numbers, its genesis, nodes to ask),
// signed by a node that is in it, for one node or for any, until a day. It proves the inviter's
// identity, and admits no node: that is for the allow-lists of a permissioned network.
// docs/formats/invitation.md.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/base/time.hpp>
#include <parley/identity/node_id.hpp>
#include <parley/identity/node_key.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// What can be wrong with an invitation.
enum class InvitationErrc : std::uint8_t {
    too_large,        ///< expected: bytes at most; actual: bytes (of the text: digits)
    bad_text,         ///< not one line of "parley-invite:" and unpadded URL-safe base64
    truncated,        ///< it ends before its RLP does
    trailing_bytes,   ///< something follows what is known
    rlp,              ///< not a list
    unknown_version,  ///< expected: 1; actual: the version
    bad_item,         ///< missing, or of another kind, size or range; actual: its number from 1
    bad_signature,    ///< not that of the inviter over the content
    expired,          ///< expected: the last second; actual: now, both Unix time
    wrong_invitee,    ///< it is for another node
};
using InvitationError = Error<InvitationErrc>;  ///< of Invitation
/// One line for people, with what was expected.
std::string message(const InvitationError& error);

/// What an invitation says.
struct InvitationContent {
    std::uint64_t network_id = 0;      ///< of the network
    std::uint64_t chain_id = 0;        ///< of its chain (EIP-155)
    Hash256 genesis{};                 ///< hash of the genesis block
    std::vector<std::uint64_t> forks;  ///< block numbers, ascending, above 0; at most forks_max
    std::optional<NodeId> invitee;     ///< without: any node
    std::uint64_t expires = 0;         ///< last second, Unix time, up to the year 9999
    std::vector<Target> nodes;         ///< to ask for others; 1 to nodes_max
    friend bool operator==(const InvitationContent&, const InvitationContent&) = default;
};

/// A signed invitation that was verified when it was made: immutable.
class Invitation {
public:
    static constexpr std::size_t size_bytes_max = 4096;  ///< of the RLP
    static constexpr std::size_t forks_max = 64;         ///< in its content
    static constexpr std::size_t nodes_max = 16;         ///< in its content

    /// Makes and signs one. Fails where `decode` would: bad_item if the content is out of its
    /// ranges.
    static Result<Invitation, InvitationError> sign(const NodeKey& inviter,
                                                    const InvitationContent& content);
    /// Decodes and verifies; whether it is good now is for check().
    static Result<Invitation, InvitationError> decode(Bytes rlp);
    /// "parley-invite:..."; one line end may follow.
    static Result<Invitation, InvitationError> parse(std::string_view text);

    /// Whether it is good now, and for that node: expired or wrong_invitee if not.
    Result<void, InvitationError> check(UnixTime now, const NodeId& invitee) const;

    const NodeId& inviter() const { return inviter_; }             ///< whose signature it has
    const InvitationContent& content() const { return content_; }  ///< what it says
    Bytes raw() const { return raw_; }                             ///< the RLP, as it came
    std::string to_text() const;                                   ///< as parse() reads it

private:
    struct Parser;
    Invitation() = default;
    Buffer raw_;
    NodeId inviter_;
    InvitationContent content_;
};

}  // namespace parley
