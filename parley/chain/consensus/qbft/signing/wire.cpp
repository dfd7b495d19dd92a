#include <parley/chain/consensus/qbft/signing/wire.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/base/text.hpp>
#include <parley/chain/consensus/qbft/optional_items.hpp>
#include <parley/codec/rlp_fields.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace parley::chain::qbft {
namespace {

enum class WireField : std::uint8_t {
    message,
    version,
    kind,
    height,
    round,
    digest,
    prepared,
    form,
    header,
    block,
    address,
    signature,
    seal,
    reason,
};

std::string_view name(WireField field) {
    switch (field) {
        case WireField::message:
            return "message";
        case WireField::version:
            return "version";
        case WireField::kind:
            return "kind";
        case WireField::height:
            return "height";
        case WireField::round:
            return "round";
        case WireField::digest:
            return "digest";
        case WireField::prepared:
            return "prepared round";
        case WireField::form:
            return "form";
        case WireField::header:
            return "header";
        case WireField::block:
            return "block";
        case WireField::address:
            return "address";
        case WireField::signature:
            return "signature";
        case WireField::seal:
            return "seal";
        case WireField::reason:
            return "reason";
    }
    std::unreachable();
}

/// Of a request; those to be signed have the code of what is said.
constexpr std::uint64_t kind_address = 1;
constexpr auto first_code = static_cast<std::uint64_t>(Code::proposal);
constexpr auto last_code = static_cast<std::uint64_t>(Code::round_change);
/// Of an answer.
enum class AnswerKind : std::uint8_t { address, signatures, refused, away };

rlp::Writer begin_wire(std::uint64_t kind) {
    rlp::Writer out;
    out.begin_list().number(signer_version).number(kind);
    return out;
}

rlp::Writer begin_wire(Code code, const View& view) {
    auto out = begin_wire(static_cast<std::uint64_t>(code));
    out.number(view.height).number(view.round);
    return out;
}

SharedBytes end_wire(rlp::Writer out) {
    return SharedBytes::own(out.end_list().take());
}

SharedBytes encode_request(const SigningRequest& request) {
    const auto form = static_cast<std::uint64_t>(request.form);
    return std::visit(overloaded{[&](const Proposed& one) {
                                     auto out = begin_wire(one.code, one.view);
                                     out.number(form).raw(one.block);
                                     return end_wire(std::move(out));
                                 },
                                 [](const Prepare& one) {
                                     auto out = begin_wire(one.code, one.view);
                                     out.string(Bytes{one.digest});
                                     return end_wire(std::move(out));
                                 },
                                 [&](const CommitToSeal& one) {
                                     auto out = begin_wire(one.code, one.view);
                                     out.number(form).raw(one.header.encode());
                                     return end_wire(std::move(out));
                                 },
                                 [](const RoundChange& one) {
                                     auto out = begin_wire(one.code, one.view);
                                     write_prepared(out, one.prepared);
                                     return end_wire(std::move(out));
                                 }},
                      request.payload);
}

/// A message, whose version is checked first.
class WireReader {
public:
    explicit WireReader(Bytes message) : fields_(message, WireField::message, error_) {
        const auto version = fields_.u64(WireField::version);
        if (!error_ && version != signer_version) {
            refuse(fmt::format("version: {}, expected {}", version, signer_version));
        }
        kind_ = fields_.u64(WireField::kind);
    }

    std::uint64_t kind() const { return kind_; }
    rlp::Fields<WireField>& fields() { return fields_; }
    View view() {
        View out;
        out.height = fields_.u64(WireField::height);
        out.round = fields_.u32(WireField::round);
        return out;
    }
    ExtraForm form() {
        return fields_.boolean(WireField::form) ? ExtraForm::besu : ExtraForm::goquorum;
    }
    /// The first of all is kept.
    void refuse(std::string why) {
        if (refused_.empty() && !error_) refused_ = std::move(why);
    }
    template <class T>
    Result<T, std::string> finish(T value) {
        if (!refused_.empty()) return std::unexpected{refused_};
        fields_.finish();
        if (!error_) return value;
        return std::unexpected{
            fmt::format("{}: {}", name(error_->field), rlp::message(error_->rlp))};
    }

private:
    std::optional<rlp::FieldError<WireField>> error_;
    rlp::Fields<WireField> fields_;
    std::uint64_t kind_ = 0;
    std::string refused_;
};

CommitToSeal read_commit(WireReader& in, const View& view) {
    const auto raw = in.fields().raw_item(WireField::header);
    auto header = decode_header(raw, extra_data_bytes_max);
    if (!header) in.refuse(message(header.error()));
    return {view, header ? std::move(*header) : Header{}};
}

}  // namespace

SharedBytes encode(const SignerRequest& request) {
    return std::visit(
        overloaded{[](const AskAddress&) { return end_wire(begin_wire(kind_address)); },
                   [](const SigningRequest& one) { return encode_request(one); }},
        request);
}

SharedBytes encode(const SignerAnswer& answer) {
    const auto begin_answer = [](AnswerKind kind) {
        return begin_wire(static_cast<std::uint64_t>(kind));
    };
    return std::visit(
        overloaded{[&](const Address& one) {
                       auto out = begin_answer(AnswerKind::address);
                       out.string(Bytes{one});
                       return end_wire(std::move(out));
                   },
                   [&](const Signatures& one) {
                       auto out = begin_answer(AnswerKind::signatures);
                       out.string(Bytes{one.signature});
                       if (one.seal) out.string(Bytes{*one.seal});
                       return end_wire(std::move(out));
                   },
                   [&](const SigningError& one) {
                       auto out = begin_answer(one.kind == SigningError::Kind::refused
                                                   ? AnswerKind::refused
                                                   : AnswerKind::away);
                       out.string(std::string_view{one.why}.substr(0, signer_reason_bytes_max));
                       return end_wire(std::move(out));
                   }},
        answer);
}

Result<SignerRequest, std::string> decode_signer_request(const SharedBytes& message) {
    WireReader in{message};
    if (in.kind() == kind_address) return in.finish(SignerRequest{AskAddress{}});
    if (in.kind() < first_code || in.kind() > last_code) {
        in.refuse(fmt::format("kind: {}, expected {}, or {} to {}", in.kind(), kind_address,
                              first_code, last_code));
        return in.finish(SignerRequest{});
    }
    const auto view = in.view();
    SigningRequest out;
    switch (static_cast<Code>(in.kind())) {
        case Code::proposal:
            out.form = in.form();
            out.payload = Proposed{view, message.part(in.fields().raw_item(WireField::block))};
            break;
        case Code::prepare:
            out.payload = Prepare{view, in.fields().fixed<32>(WireField::digest)};
            break;
        case Code::commit:
            out.form = in.form();
            out.payload = read_commit(in, view);
            break;
        case Code::round_change:
            out.payload = RoundChange{view, read_prepared(in.fields(), WireField::prepared)};
            break;
    }
    return in.finish(SignerRequest{std::move(out)});
}

Result<SignerAnswer, std::string> decode_signer_answer(Bytes message) {
    WireReader in{message};
    auto& fields = in.fields();
    const auto error_of = [&](SigningError::Kind kind) {
        const auto why = fields.string(WireField::reason);
        if (why.size() > signer_reason_bytes_max) {
            fields.fail(WireField::reason,
                        {rlp::Errc::too_long, signer_reason_bytes_max, why.size()});
        }
        return SigningError{kind, std::string{text_of(why)}};
    };
    switch (in.kind()) {
        case static_cast<std::uint64_t>(AnswerKind::address):
            return in.finish(SignerAnswer{Address{fields.fixed<20>(WireField::address)}});
        case static_cast<std::uint64_t>(AnswerKind::signatures): {
            Signatures out;
            out.signature = fields.fixed<seal_bytes>(WireField::signature);
            if (!fields.at_end()) out.seal = fields.fixed<seal_bytes>(WireField::seal);
            return in.finish(SignerAnswer{out});
        }
        case static_cast<std::uint64_t>(AnswerKind::refused):
            return in.finish(SignerAnswer{error_of(SigningError::Kind::refused)});
        case static_cast<std::uint64_t>(AnswerKind::away):
            return in.finish(SignerAnswer{error_of(SigningError::Kind::away)});
        default:
            in.refuse(fmt::format("kind: {}, expected 0 to 3", in.kind()));
            return in.finish(SignerAnswer{});
    }
}

}  // namespace parley::chain::qbft
