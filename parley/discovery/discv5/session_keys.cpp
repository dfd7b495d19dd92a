#include <parley/discovery/discv5/session_keys.hpp>

#include <parley/crypto/aead.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <string_view>

namespace parley::discovery::discv5 {

crypto::Signature sign_id(const NodeKey& initiator, const ChallengeData& challenge,
                          const crypto::CompressedKey& ephemeral_key, const Id& recipient,
                          Bytes extra_entropy) {
    return initiator.sign(Purpose::discv5_identity, {challenge, ephemeral_key, recipient},
                          extra_entropy);
}

bool verify_id(const NodeId& initiator, const ChallengeData& challenge,
               const crypto::CompressedKey& ephemeral_key, const Id& recipient,
               const crypto::Signature& signature) {
    return verify(initiator, Purpose::discv5_identity, {challenge, ephemeral_key, recipient},
                  signature);
}

SessionKeys derive_keys(const crypto::CompressedKey& shared, const Id& initiator,
                        const Id& recipient, const ChallengeData& challenge) {
    constexpr std::string_view text = "discovery v5 key agreement";
    Buffer info = to_buffer(bytes_of(text));
    append(info, initiator);
    append(info, recipient);
    auto secret = crypto::hkdf_extract(challenge, shared);
    ByteArray<2 * sizeof(SessionKey)> data;
    crypto::hkdf_expand(secret, info, data);
    const SessionKeys keys{array_of<16>(data), array_of<16>(Bytes{data}.subspan(16))};
    wipe(secret);
    wipe(data);
    return keys;
}

Buffer seal_packet(const Id& destination, const PacketHeader& header, const SessionKey& key,
                   Bytes message) {
    const auto head = encode_header(header);
    Buffer sealed(message.size() + crypto::gcm_tag_bytes);
    crypto::seal_once(key, header.nonce, head, message, sealed);
    return mask_packet(destination, head, sealed);
}

std::optional<Bytes> open_message(const SessionKey& key, const Packet& packet, PacketBuffer& room) {
    if (packet.message.size() < crypto::gcm_tag_bytes) return std::nullopt;
    const auto plain = MutableBytes{room}.first(packet.message.size() - crypto::gcm_tag_bytes);
    if (!crypto::open_once(key, packet.nonce, packet.header, packet.message, plain)) {
        return std::nullopt;
    }
    return plain;
}

}  // namespace parley::discovery::discv5
