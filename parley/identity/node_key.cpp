#include <parley/identity/node_key.hpp>

#include <parley/crypto/hash.hpp>

#include <string_view>
#include <utility>

namespace parley {

namespace {

/// D(r, m) = H(H(t)|H(t)|m): the doubled hash of the tag fills one block, so that no message of
/// another use can begin the same way.
Hash256 tagged_digest(std::string_view tag, std::initializer_list<Bytes> fields) {
    const Hash256 prefix = crypto::sha256(bytes_of(tag));
    Buffer joined;
    append(joined, prefix);
    append(joined, prefix);
    for (const Bytes field : fields) append(joined, field);
    return crypto::sha256(joined);
}

Hash256 keccak_digest(std::initializer_list<Bytes> fields) {
    if (fields.size() == 1) return crypto::keccak256(*fields.begin());
    Buffer joined;
    for (const Bytes field : fields) append(joined, field);
    return crypto::keccak256(joined);
}

/// As others have defined it.
Hash256 joined_digest(std::string_view text, std::initializer_list<Bytes> fields) {
    Buffer joined = to_buffer(bytes_of(text));
    for (const Bytes field : fields) append(joined, field);
    return crypto::sha256(joined);
}

}  // namespace

Hash256 digest_for(Purpose purpose, std::initializer_list<Bytes> fields) {
    switch (purpose) {
        case Purpose::handshake_responder:
            return tagged_digest("parley/1 sts sig R", fields);
        case Purpose::handshake_initiator:
            return tagged_digest("parley/1 sts sig I", fields);
        case Purpose::node_record:
            return keccak_digest(fields);
        case Purpose::invitation:
            return tagged_digest("parley/1 invitation", fields);
        case Purpose::discv5_identity:
            return joined_digest("discovery v5 identity proof", fields);
    }
    std::unreachable();
}

NodeKey::NodeKey(const ByteArray<32>& secret) : secret_(secret), id_{crypto::public_key(secret)} {}

NodeKey NodeKey::generate(EntropySource& entropy) {
    ByteArray<32> secret;
    do {
        entropy.fill(secret);
    } while (!crypto::is_valid_secret(secret));
    NodeKey key{secret};
    wipe(secret);
    return key;
}

std::optional<NodeKey> NodeKey::from_secret(const ByteArray<32>& secret) {
    if (!crypto::is_valid_secret(secret)) return std::nullopt;
    return NodeKey{secret};
}

NodeKey::NodeKey(NodeKey&& other) noexcept : secret_(other.secret_), id_(other.id_) {
    wipe(other.secret_);
}

NodeKey& NodeKey::operator=(NodeKey&& other) noexcept {
    if (this != &other) {
        secret_ = other.secret_;
        id_ = other.id_;
        wipe(other.secret_);
    }
    return *this;
}

NodeKey::~NodeKey() {
    wipe(secret_);
}

crypto::Signature NodeKey::sign(Purpose purpose, std::initializer_list<Bytes> fields,
                                Bytes extra_entropy) const {
    return crypto::sign(secret_, digest_for(purpose, fields), extra_entropy);
}

std::optional<crypto::CompressedKey> NodeKey::agree(
    const crypto::CompressedKey& ephemeral_key) const {
    return crypto::agree(secret_, ephemeral_key);
}

bool verify(const NodeId& id, Purpose purpose, std::initializer_list<Bytes> fields,
            const crypto::Signature& signature) {
    return crypto::verify(id.key, digest_for(purpose, fields), signature);
}

}  // namespace parley
