#include <parley/chain/consensus/qbft/messages.hpp>

#include <parley/chain/consensus/qbft/optional_items.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <type_traits>
#include <utility>

namespace parley::chain::qbft {
namespace {

std::string_view name(MessageField field) {
    switch (field) {
        case MessageField::envelope:
            return "message";
        case MessageField::height:
            return "height";
        case MessageField::round:
            return "round";
        case MessageField::digest:
            return "digest";
        case MessageField::seal:
            return "seal";
        case MessageField::prepared:
            return "prepared round";
        case MessageField::block:
            return "block";
        case MessageField::round_changes:
            return "round changes";
        case MessageField::prepares:
            return "prepares";
        case MessageField::signature:
            return "signature";
    }
    std::unreachable();
}

rlp::Writer& begin_payload(rlp::Writer& out, const View& view) {
    return out.begin_list().number(view.height).number(view.round);
}

void write(rlp::Writer& out, const Prepare& payload) {
    begin_payload(out, payload.view).string(Bytes{payload.digest}).end_list();
}

void write(rlp::Writer& out, const Commit& payload) {
    begin_payload(out, payload.view).string(Bytes{payload.digest});
    out.string(Bytes{payload.seal}).end_list();
}

void write(rlp::Writer& out, const RoundChange& payload) {
    begin_payload(out, payload.view);
    write_prepared(out, payload.prepared);
    out.end_list();
}

void write(rlp::Writer& out, const Proposed& payload) {
    begin_payload(out, payload.view).raw(payload.block).end_list();
}

template <class Payload>
void write(rlp::Writer& out, const Signed<Payload>& message) {
    out.begin_list();
    write(out, message.payload);
    out.string(Bytes{message.signature}).end_list();
}

template <class Payload>
void write(rlp::Writer& out, const std::vector<Signed<Payload>>& messages) {
    out.begin_list();
    for (const auto& one : messages) write(out, one);
    out.end_list();
}

template <class Payload>
SharedBytes encode_one(const Signed<Payload>& message) {
    rlp::Writer out;
    write(out, message);
    return SharedBytes::own(out.take());
}

template <class Payload>
Hash256 hash_to_sign(const Payload& payload) {
    rlp::Writer out;
    out.begin_list().number(static_cast<std::uint64_t>(Payload::code));
    write(out, payload);
    out.end_list();
    return crypto::keccak256(out.bytes());
}

using MessageFields = rlp::Fields<MessageField>;

View read_view(MessageFields& in) {
    View out;
    out.height = in.u64(MessageField::height);
    out.round = in.u32(MessageField::round);
    return out;
}

void read(MessageFields& in, Prepare& out) {
    out.view = read_view(in);
    out.digest = in.fixed<32>(MessageField::digest);
}

void read(MessageFields& in, Commit& out) {
    out.view = read_view(in);
    out.digest = in.fixed<32>(MessageField::digest);
    out.seal = in.fixed<seal_bytes>(MessageField::seal);
}

void read(MessageFields& in, RoundChange& out) {
    out.view = read_view(in);
    out.prepared = read_prepared(in, MessageField::prepared);
}

/// A block has a header, transactions and ommers, and since Shanghai withdrawals.
constexpr std::uint64_t block_items = 3;

/// One message and the bytes that its block shares.
class MessageReader {
public:
    explicit MessageReader(Bytes message) : fields_(message, MessageField::envelope, error_) {}
    explicit MessageReader(const SharedBytes& message)
        : whole_(message), fields_(message.view(), MessageField::envelope, error_) {}

    MessageFields& fields() { return fields_; }
    /// Also whose signature it is.
    template <class Payload>
    Signed<Payload> read_signed(MessageFields& in, MessageField field) {
        auto both = in.list(field);
        return read_both<Payload>(both, field);
    }
    template <class Payload>
    Signed<Payload> read_whole() {
        return read_both<Payload>(fields_, MessageField::envelope);
    }
    template <class Payload>
    std::vector<Signed<Payload>> read_all(MessageFields& in, MessageField field) {
        return in.all(field, validators_max,
                      [&](MessageFields& items) { return read_signed<Payload>(items, field); });
    }
    SharedBytes block(MessageFields& in) {
        auto raw = optional_block(in);
        if (raw.empty()) in.fail(MessageField::block, {rlp::Errc::missing_item, block_items, 0});
        return raw;
    }
    /// Empty for an empty list.
    SharedBytes optional_block(MessageFields& in) {
        if (!in.at_end() && !in.next_is_list()) {
            in.list(MessageField::block);  // says so
            return {};
        }
        const auto raw = in.raw_item(MessageField::block);
        if (raw.size() <= 1) return {};
        return whole_.part(raw);
    }
    template <class Message>
    DecodedMessage<Message> finish(Message message) {
        fields_.finish();
        if (error_) return std::unexpected{MessageError{error_->field, error_->rlp}};
        if (is_unsigned_) return std::unexpected{MessageError{MessageField::signature}};
        return message;
    }

private:
    template <class Payload>
    Signed<Payload> read_both(MessageFields& in, MessageField field) {
        Signed<Payload> out;
        auto payload = in.list(field);
        if constexpr (std::is_same_v<Payload, Proposed>) {
            out.payload.view = read_view(payload);
            out.payload.block = block(payload);
        } else {
            read(payload, out.payload);
        }
        payload.finish();
        out.signature = in.fixed<seal_bytes>(MessageField::signature);
        in.finish();
        if (error_ || is_unsigned_) return out;
        if (const auto author = signer_of(signing_hash(out.payload), out.signature)) {
            out.author = *author;
        } else {
            is_unsigned_ = true;
        }
        return out;
    }

    std::optional<rlp::FieldError<MessageField>> error_;
    bool is_unsigned_ = false;
    SharedBytes whole_;
    MessageFields fields_;
};

}  // namespace

std::string message(const MessageError& error) {
    return fmt::format("{}: {}", name(error.field),
                       error.rlp ? rlp::message(*error.rlp) : "no key fits it");
}

Seal seal_with(const ByteArray<32>& secret, const Hash256& digest) {
    const auto made = crypto::sign_recoverable(secret, digest);
    Seal out{};
    std::ranges::copy(made.rs, out.begin());
    out.back() = std::byte{made.parity};
    return out;
}

std::optional<Address> signer_of(const Hash256& digest, const Seal& seal) {
    const auto key = crypto::recover(digest, array_of<sizeof(crypto::Signature)>(seal),
                                     std::to_integer<std::uint8_t>(seal.back()));
    if (!key) return std::nullopt;
    return Address::of(*key);
}

Hash256 signing_hash(const Prepare& payload) {
    return hash_to_sign(payload);
}
Hash256 signing_hash(const Commit& payload) {
    return hash_to_sign(payload);
}
Hash256 signing_hash(const RoundChange& payload) {
    return hash_to_sign(payload);
}
Hash256 signing_hash(const Proposed& payload) {
    return hash_to_sign(payload);
}

SharedBytes encode(const Signed<Prepare>& message) {
    return encode_one(message);
}

SharedBytes encode(const Signed<Commit>& message) {
    return encode_one(message);
}

SharedBytes encode(const RoundChangeMessage& message) {
    rlp::Writer out;
    out.begin_list();
    write(out, message.signed_change);
    if (message.block.empty()) {
        out.begin_list().end_list();
    } else {
        out.raw(message.block);
    }
    write(out, message.prepares);
    return SharedBytes::own(out.end_list().take());
}

SharedBytes encode(const ProposalMessage& message) {
    rlp::Writer out;
    out.begin_list();
    write(out, message.signed_block);
    out.begin_list();
    write(out, message.round_changes);
    write(out, message.prepares);
    return SharedBytes::own(out.end_list().end_list().take());
}

SharedBytes encode(const Certificate& certificate) {
    rlp::Writer out;
    out.begin_list().number(certificate.prepared.round).string(Bytes{certificate.prepared.digest});
    out.raw(certificate.block);
    write(out, certificate.prepares);
    return SharedBytes::own(out.end_list().take());
}

DecodedMessage<Signed<Prepare>> decode_prepare(Bytes message) {
    MessageReader in{message};
    return in.finish(in.read_whole<Prepare>());
}

DecodedMessage<Signed<Commit>> decode_commit(Bytes message) {
    MessageReader in{message};
    return in.finish(in.read_whole<Commit>());
}

DecodedMessage<RoundChangeMessage> decode_round_change(const SharedBytes& message) {
    MessageReader in{message};
    auto& fields = in.fields();
    RoundChangeMessage out;
    out.signed_change = in.read_signed<RoundChange>(fields, MessageField::envelope);
    out.block = in.optional_block(fields);
    out.prepares = in.read_all<Prepare>(fields, MessageField::prepares);
    return in.finish(std::move(out));
}

DecodedMessage<Certificate> decode_certificate(const SharedBytes& message) {
    MessageReader in{message};
    auto& fields = in.fields();
    Certificate out;
    out.prepared.round = fields.u32(MessageField::round);
    out.prepared.digest = fields.fixed<32>(MessageField::digest);
    out.block = in.block(fields);
    out.prepares = in.read_all<Prepare>(fields, MessageField::prepares);
    return in.finish(std::move(out));
}

DecodedMessage<ProposalMessage> decode_proposal(const SharedBytes& message) {
    MessageReader in{message};
    auto& fields = in.fields();
    ProposalMessage out;
    out.signed_block = in.read_signed<Proposed>(fields, MessageField::envelope);
    auto justification = fields.list(MessageField::envelope);
    out.round_changes = in.read_all<RoundChange>(justification, MessageField::round_changes);
    out.prepares = in.read_all<Prepare>(justification, MessageField::prepares);
    justification.finish();
    return in.finish(std::move(out));
}

}  // namespace parley::chain::qbft
