// Handshake messages from outside bytes. The first byte chooses who reads the rest: M1 by a
// responder, M2 by an initiator, M3 by a responder; or the same M2 and M3 from a peer that knows
// the keys, so that the bytes are the plain text of the sealed part and come through to the MAC.
#include <parley/transport/handshake/handshake_core.hpp>

#include <algorithm>
#include <cstdlib>

using namespace parley;
using namespace parley::transport;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

struct Nodes {
    SeededEntropy entropy{1};
    NodeKey initiator = NodeKey::generate(entropy);
    NodeKey responder = NodeKey::generate(entropy);
    ByteArray<Hello::wire_bytes> hello = encode_hello(Hello{EnrBuilder{1}.sign(responder).value()});
};

Nodes& nodes() {
    static Nodes made;
    return made;
}

Initiator new_initiator() {
    SeededEntropy entropy{2};
    return {nodes().initiator, nodes().responder.id(), nodes().hello, {}, entropy};
}

Responder new_responder() {
    SeededEntropy entropy{3};
    return {nodes().responder, nodes().hello, {}, entropy};
}

/// The bytes, cut or filled with zeros.
template <std::size_t N>
ByteArray<N> sized(Bytes data) {
    ByteArray<N> out{};
    std::copy_n(data.begin(), std::min(N, data.size()), out.begin());
    return out;
}

sts::Part part_of(Bytes data) {
    const auto plain = sized<sts::part_bytes>(data);
    const Bytes all{plain};
    return {NodeId{array_of<33>(all)}, array_of<Hello::wire_bytes>(all.subspan(33)),
            array_of<64>(all.subspan(33 + Hello::wire_bytes)), array_of<32>(all.last(32))};
}

template <class T>
void require_failure(const Result<T, HandshakeError>& result) {
    require(!result && !message(result.error()).empty());
}

void fuzz_m1(Bytes data) {
    auto responder = new_responder();
    // A valid M1 is possible: whoever knows the ID can make one.
    if (responder.read_m1(sized<m1_bytes>(data))) (void)responder.write_m2();
}

void fuzz_m2(Bytes data) {
    auto initiator = new_initiator();
    initiator.write_m1();
    require_failure(initiator.read_m2(sized<m2_bytes>(data)));
}

void fuzz_m3(Bytes data) {
    auto responder = new_responder();
    auto initiator = new_initiator();
    require(responder.read_m1(initiator.write_m1()).has_value());
    require(responder.write_m2().has_value());
    require_failure(responder.read_m3(sized<m3_bytes>(data)));
}

/// `authentic`: with the right MAC, which the keys allow to anybody who sent this eR.
void fuzz_sealed_m2(Bytes data, bool authentic) {
    auto initiator = new_initiator();
    const auto m1 = initiator.write_m1();
    const crypto::X25519Key ephemeral{ByteArray<32>{std::byte{9}}};
    const auto head = sts::encode_m2_head({1, ephemeral.public_key(), {}});
    const auto t2 = sts::transcript_2(sts::transcript_1(m1), head);
    sts::Keys keys;
    sts::derive_keys(t2, ephemeral.agree(sts::split_m1(m1).ephemeral).value(), keys);
    auto part = part_of(data);
    if (authentic) {
        part.id = nodes().responder.id();
        part.mac =
            sts::responder_statement(t2, part.id, part.hello).mac(keys.m2_mac, part.signature);
    }
    Buffer m2 = to_buffer(head);
    sts::seal_part(keys.m2_key, t2, part, m2);
    require_failure(initiator.read_m2(m2));
}

void fuzz_sealed_m3(Bytes data, bool authentic) {
    auto responder = new_responder();
    const crypto::X25519Key ephemeral{ByteArray<32>{std::byte{8}}};
    const auto m1 = sts::encode_m1({{}, {}, ephemeral.public_key(), {}}, nodes().responder.id());
    require(responder.read_m1(m1).has_value());
    const auto m2 = responder.write_m2().value();
    const auto t2 = sts::transcript_2(sts::transcript_1(m1), m2);
    sts::Keys keys;
    sts::derive_keys(t2, ephemeral.agree(sts::split_m2_head(m2).ephemeral).value(), keys);
    const auto t3 = sts::transcript_after(t2, Bytes{m2}.subspan(sts::m2_head_bytes));
    auto part = part_of(data);
    if (authentic) {
        part.mac = sts::initiator_statement(t3, part.id, nodes().responder.id(), part.hello)
                       .mac(keys.m3_mac, part.signature);
    }
    Buffer m3;
    sts::seal_part(keys.m3_key, t3, part, m3);
    require_failure(responder.read_m3(m3));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes all = std::as_bytes(std::span{data, size});
    if (all.empty()) return 0;
    const Bytes rest = all.subspan(1);
    switch (data[0] % 7) {
        case 0:
            fuzz_m1(rest);
            break;
        case 1:
            fuzz_m2(rest);
            break;
        case 2:
            fuzz_m3(rest);
            break;
        case 3:
            fuzz_sealed_m2(rest, false);
            break;
        case 4:
            fuzz_sealed_m2(rest, true);
            break;
        case 5:
            fuzz_sealed_m3(rest, false);
            break;
        default:
            fuzz_sealed_m3(rest, true);
            break;
    }
    return 0;
}
