// Peer exchange: the input is read as each of the two messages, which must go there and back, and
// as what a peer says to a whole module: | kind u8 | size u16 | bytes |, again and again.
#include <parley/base/endian.hpp>
#include <parley/codec/rlp.hpp>
#include <parley/discovery/pex/pex.hpp>
#include <parley/identity/node_key.hpp>

#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

using namespace parley;
using namespace parley::discovery;
using namespace parley::transport;

namespace {

constexpr std::size_t book_entries_max = 8;

void check(bool holds) {
    if (!holds) std::abort();
}

void check_messages(Bytes input) {
    if (const auto asked = decode_get_peers(input)) check(equal(encode(*asked), input));
    if (const auto peers = decode_peers(input)) {
        check(peers->records.size() <= pex_records_max);
        check(equal(encode_peers(peers->request, peers->records), input));
    }
}

const NodeKey& key() {
    static const NodeKey k = *NodeKey::from_secret(ByteArray<32>{std::byte{1}});
    return k;
}

class OnePeer final : public Context {
public:
    const NodeId& id() const override { return key().id(); }
    const Hello& hello() const override { return hello_; }
    const Endpoint& endpoint() const override { return endpoint_; }
    Direction direction() const override { return Direction::inbound; }
    Now now() const override { return clock; }
    SendResult send(Code code, SharedBytes message) override {
        if (code == pex_get_peers) {
            request = decode_get_peers(message)->request;
        } else {
            check(code == pex_peers && decode_peers(message).has_value());
        }
        return SendResult::queued;
    }
    std::size_t message_bytes_max() const override { return 4096; }
    void mark_useful() override {}
    void penalise(Offence) override {}
    void disconnect() override {}

    Now clock{Instant{} + 1h, unix_from_milliseconds(1'750'000'000'000)};
    std::uint64_t request = 1;

private:
    Hello hello_{*EnrBuilder{1}.sign(key())};
    Endpoint endpoint_ = *Endpoint::parse("127.0.0.1:30303");
};

BookConfig small_book() {
    BookConfig config;
    config.entries_max = book_entries_max;
    config.allow_private = true;
    return config;
}

/// Kinds: 0 GetPeers, 1 Peers, 2 the bytes as the records of an awaited answer, 3 time goes by.
void speak(Bytes input) {
    OnePeer peer;
    Hub hub;
    AddressBook book{small_book(), {1, {}}, NodeId{}, Rng{1}};
    Pex pex{{}, book, hub, no_log(), Rng{2}};
    const auto handler = pex.new_peer(peer);
    pex.on_timer(peer.clock);
    while (input.size() >= 3) {
        const unsigned kind = std::to_integer<unsigned>(input[0]) % 4;
        const std::size_t size = load_be<std::uint16_t>(input.subspan(1));
        const Bytes body = input.subspan(3, std::min(size, input.size() - 3));
        input = input.subspan(3 + body.size());
        if (kind == 3) {
            peer.clock.instant += std::chrono::milliseconds{size};
            pex.on_timer(peer.clock);
            continue;
        }
        Buffer bytes = to_buffer(body);
        if (kind == 2) {
            const std::vector<Bytes> records{body};
            bytes = encode_peers(peer.request, records);
        }
        (void)handler->handle(kind == 0 ? pex_get_peers : pex_peers, Message{std::move(bytes)});
        check(book.size() <= book_entries_max);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    check_messages(input);
    speak(input);
    return 0;
}
