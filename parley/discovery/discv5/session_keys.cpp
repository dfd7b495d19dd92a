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

std::optional<Initiation> agree_as_initiator(EntropySource& entropy, const NodeId& recipient_key,
                                             const Id& initiator, const Id& recipient,
                                             const ChallengeData& challenge) {
    ByteArray<32> secret;
    do {
        entropy.fill(secret);
    } while (!crypto::is_valid_secret(secret));
    auto shared = crypto::agree(secret, recipient_key.key);
    std::optional<Initiation> out;
    if (shared) {
        out = Initiation{crypto::ephemeral_key(secret),
                         derive_keys(*shared, initiator, recipient, challenge)};
        wipe(*shared);
    }
    wipe(secret);
    return out;
}

std::optional<SessionKeys> agree_as_recipient(const NodeKey& own,
                                              const crypto::CompressedKey& ephemeral_key,
                                              const Id& initiator, const Id& recipient,
                                              const ChallengeData& challenge) {
    auto shared = own.agree(ephemeral_key);
    if (!shared) return std::nullopt;
    auto keys = derive_keys(*shared, initiator, recipient, challenge);
    wipe(*shared);
    return keys;
}

void seal_packet(const Id& destination, const PacketHeader& header, const SessionKey& key,
                 Bytes message, Buffer& out) {
    const auto start = out.size();
    encode_header(header, out);
    const auto header_bytes = out.size() - start;
    out.resize(out.size() + message.size() + crypto::gcm_tag_bytes);
    const auto packet = MutableBytes{out}.subspan(start);
    const auto head = packet.first(header_bytes);
    crypto::seal_once(key, header.nonce, head, message, packet.subspan(header_bytes));
    mask_header(destination, head);
}

Buffer seal_packet(const Id& destination, const PacketHeader& header, const SessionKey& key,
                   Bytes message) {
    Buffer out;
    seal_packet(destination, header, key, message, out);
    return out;
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
