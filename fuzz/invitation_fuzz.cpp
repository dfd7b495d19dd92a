// Invitations: the input is read as bytes and as text, and signed again if only its signature is
// wrong; what verifies goes there and back.
#include <parley/codec/rlp.hpp>
#include <parley/identity/invitation.hpp>

#include <cstdlib>
#include <span>

using namespace parley;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

const NodeKey& inviter() {
    static const NodeKey key = [] {
        SeededEntropy entropy{1};
        return NodeKey::generate(entropy);
    }();
    return key;
}

void check_round_trip(const Invitation& invitation) {
    const auto from_raw = Invitation::decode(invitation.raw());
    const auto from_text = Invitation::parse(invitation.to_text());
    require(from_raw && from_text);
    require(from_raw->content() == invitation.content());
    require(from_text->content() == invitation.content());
    require(!invitation.content().nodes.empty());
    require(invitation.raw().size() <= Invitation::size_bytes_max);
    const auto again = Invitation::sign(inviter(), invitation.content());
    require(again && again->content() == invitation.content());
    (void)invitation.check({}, inviter().id());
}

void try_input(const Result<Invitation, InvitationError>& read) {
    if (read) return check_round_trip(*read);
    require(!message(read.error()).empty());
}

/// The items of a list, with the inviter and the signature replaced by ours.
void try_signed(Bytes input) {
    auto in = rlp::Reader::open_list(input);
    if (!in) return;
    rlp::Writer content;
    for (int i = 0; i < 8 && !in->at_end(); ++i) {
        const auto item = in->raw_item();
        if (!item) return;
        content.raw(*item);
    }
    content.string(inviter().id().bytes());
    rlp::Writer list;
    list.begin_list().raw(content.bytes()).end_list();
    const auto signature = inviter().sign(Purpose::invitation, {list.bytes()});
    rlp::Writer out;
    out.begin_list().raw(content.bytes()).string(signature).end_list();
    try_input(Invitation::decode(out.bytes()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    try_input(Invitation::decode(input));
    try_input(Invitation::parse(text_of(input)));
    try_signed(input);
    return 0;
}
