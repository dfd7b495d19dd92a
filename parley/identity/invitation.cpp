#include <parley/identity/invitation.hpp>

#include <parley/codec/base64url.hpp>
#include <parley/codec/rlp.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <ctime>
#include <utility>

namespace parley {

namespace {

constexpr std::string_view text_prefix = "parley-invite:";
constexpr std::uint64_t known_version = 1;
constexpr std::uint64_t expires_max = 253'402'300'799;  // the end of the year 9999

/// Items in their order; the number of each in errors begins at 1.
constexpr std::array<std::string_view, 10> item_names{
    "version", "network id", "chain id", "genesis", "forks",
    "invitee", "expires",    "nodes",    "inviter", "signature"};

std::string time_text(std::uint64_t seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

std::unexpected<InvitationError> outer_failure(const rlp::RlpError& error) {
    switch (error.code) {
        case rlp::Errc::truncated:
            return fail(InvitationErrc::truncated);
        case rlp::Errc::trailing_bytes:
            return fail(InvitationErrc::trailing_bytes);
        default:
            return fail(InvitationErrc::rlp);
    }
}

std::optional<NodeId> read_id(rlp::Reader& in) {
    const auto key = in.fixed<33>();
    if (!key || !crypto::is_valid_public_key(*key)) return std::nullopt;
    return NodeId{*key};
}

/// A target in its one form: addresses and numbers have several texts.
std::optional<Target> read_node(rlp::Reader& in) {
    const auto text = in.string();
    if (!text) return std::nullopt;
    auto target = Target::parse(text_of(*text));
    if (!target || target->to_string() != text_of(*text)) return std::nullopt;
    if (target->host.empty() && target->endpoint.address.is_unspecified()) return std::nullopt;
    return target;
}

void write_content(rlp::Writer& out, const NodeId& inviter, const InvitationContent& content) {
    out.number(known_version).number(content.network_id).number(content.chain_id);
    out.string(Bytes{content.genesis}).begin_list();
    for (const auto fork : content.forks) out.number(fork);
    out.end_list();
    out.string(content.invitee ? content.invitee->bytes() : Bytes{}).number(content.expires);
    out.begin_list();
    for (const auto& node : content.nodes) out.string(node.to_string());
    out.end_list().string(inviter.bytes());
}

Buffer signed_part(const NodeId& inviter, const InvitationContent& content) {
    rlp::Writer out;
    out.begin_list();
    write_content(out, inviter, content);
    return out.end_list().take();
}

}  // namespace

std::string message(const InvitationError& error) {
    switch (error.code) {
        case InvitationErrc::too_large:
            return fmt::format("invitation has {} bytes, at most {} are allowed", error.actual,
                               error.expected);
        case InvitationErrc::bad_text:
            return "invitation is not one line of \"parley-invite:\" and URL-safe base64";
        case InvitationErrc::truncated:
            return "invitation is truncated";
        case InvitationErrc::trailing_bytes:
            return "invitation has bytes after its end";
        case InvitationErrc::rlp:
            return "invitation is no RLP list";
        case InvitationErrc::unknown_version:
            return fmt::format("invitation has version {}, known is {}", error.actual,
                               error.expected);
        case InvitationErrc::bad_item:
            return fmt::format("invitation: {} is missing or of another kind, size or range",
                               item_names[error.actual - 1]);
        case InvitationErrc::bad_signature:
            return "invitation has a wrong signature";
        case InvitationErrc::expired:
            return fmt::format("invitation expired at {}, it is {}", time_text(error.expected),
                               time_text(error.actual));
        case InvitationErrc::wrong_invitee:
            return "invitation is for another node";
    }
    std::unreachable();
}

/// Reads item by item; each read says whether the item is good.
struct Invitation::Parser {
    rlp::Reader in;
    Invitation& out;
    std::uint64_t version = 0;
    crypto::Signature signature{};

    bool number(std::uint64_t& value) {
        const auto read = in.u64();
        if (read) value = *read;
        return read.has_value();
    }
    bool genesis() {
        const auto read = in.fixed<32>();
        if (read) out.content_.genesis = *read;
        return read.has_value();
    }
    bool forks() {
        auto list = in.list();
        if (!list) return false;
        std::uint64_t last = 0;
        while (!list->at_end()) {
            const auto fork = list->u64();
            if (!fork || *fork <= last || out.content_.forks.size() >= forks_max) return false;
            out.content_.forks.push_back(last = *fork);
        }
        return true;
    }
    bool invitee() {
        auto ahead = in;
        const auto none = ahead.string();
        if (none && none->empty()) {
            in = ahead;
            return true;
        }
        out.content_.invitee = read_id(in);
        return out.content_.invitee.has_value();
    }
    bool nodes() {
        auto list = in.list();
        if (!list) return false;
        while (!list->at_end()) {
            auto node = read_node(*list);
            if (!node || out.content_.nodes.size() >= nodes_max) return false;
            out.content_.nodes.push_back(std::move(*node));
        }
        return !out.content_.nodes.empty();
    }
    bool inviter() {
        const auto id = read_id(in);
        if (id) out.inviter_ = *id;
        return id.has_value();
    }
    bool read_signature() {
        const auto read = in.fixed<64>();
        if (read) signature = *read;
        return read.has_value();
    }

    /// Zero, or the number of the first item that is not good.
    std::uint64_t read_rest() {
        auto& content = out.content_;
        if (!number(content.network_id) || content.network_id == 0) return 2;
        if (!number(content.chain_id) || content.chain_id == 0) return 3;
        if (!genesis()) return 4;
        if (!forks()) return 5;
        if (!invitee()) return 6;
        if (!number(content.expires) || content.expires > expires_max) return 7;
        if (!nodes()) return 8;
        if (!inviter()) return 9;
        return read_signature() ? 0 : 10;
    }
};

Result<Invitation, InvitationError> Invitation::decode(Bytes rlp) {
    if (rlp.size() > size_bytes_max) {
        return fail(InvitationErrc::too_large, size_bytes_max, rlp.size());
    }
    const auto list = rlp::Reader::open_list(rlp);
    if (!list) return outer_failure(list.error());
    Invitation out;
    Parser parser{.in = *list, .out = out};
    if (!parser.number(parser.version)) return fail(InvitationErrc::bad_item, 0, 1);
    if (parser.version != known_version) {
        return fail(InvitationErrc::unknown_version, known_version, parser.version);
    }
    if (const auto bad = parser.read_rest(); bad != 0) {
        return fail(InvitationErrc::bad_item, 0, bad);
    }
    if (!parser.in.at_end()) return fail(InvitationErrc::trailing_bytes);
    // RLP has one form alone, so what was read is written as it came.
    const auto content = signed_part(out.inviter_, out.content_);
    if (!verify(out.inviter_, Purpose::invitation, {content}, parser.signature)) {
        return fail(InvitationErrc::bad_signature);
    }
    out.raw_ = to_buffer(rlp);
    return out;
}

Result<Invitation, InvitationError> Invitation::sign(const NodeKey& inviter,
                                                     const InvitationContent& content) {
    const auto signature = inviter.sign(Purpose::invitation, {signed_part(inviter.id(), content)});
    rlp::Writer out;
    out.begin_list();
    write_content(out, inviter.id(), content);
    out.string(signature).end_list();
    return decode(out.take());
}

Result<Invitation, InvitationError> Invitation::parse(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.starts_with(text_prefix)) return fail(InvitationErrc::bad_text);
    text.remove_prefix(text_prefix.size());
    constexpr std::size_t digits_max = (size_bytes_max * 4 + 2) / 3;
    if (text.size() > digits_max) {
        return fail(InvitationErrc::too_large, size_bytes_max, text.size() * 3 / 4);
    }
    const auto raw = from_base64url(text);
    if (!raw) return fail(InvitationErrc::bad_text);
    return decode(*raw);
}

std::string Invitation::to_text() const {
    return std::string{text_prefix} + to_base64url(raw_);
}

Result<void, InvitationError> Invitation::check(UnixTime now, const NodeId& invitee) const {
    const auto milliseconds = unix_milliseconds(now);
    const auto seconds = static_cast<std::uint64_t>(milliseconds < 0 ? 0 : milliseconds / 1000);
    if (seconds > content_.expires) {
        return fail(InvitationErrc::expired, content_.expires, seconds);
    }
    if (content_.invitee && *content_.invitee != invitee) {
        return fail(InvitationErrc::wrong_invitee);
    }
    return {};
}

}  // namespace parley
