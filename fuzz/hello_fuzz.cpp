// Hello and Goodbye from outside bytes: what decodes must encode to something that says the same.
// The first byte chooses: even is a Hello (size and padding are put around the rest), odd a
// Goodbye.
#include <parley/base/endian.hpp>
#include <parley/base/rng.hpp>
#include <parley/transport/handshake/hello_check.hpp>

#include <algorithm>
#include <cstdlib>

using namespace parley;
using namespace parley::transport;

namespace {

const NodeId& sender() {
    static const NodeKey key = [] {
        SeededEntropy entropy{1};
        return NodeKey::generate(entropy);
    }();
    return key.id();
}

void require(bool holds) {
    if (!holds) std::abort();
}

void fuzz_hello(Bytes data) {
    ByteArray<Hello::wire_bytes> bytes{};
    const auto size = std::min(data.size(), bytes.size() - 2);
    store_be(MutableBytes{bytes}, static_cast<std::uint16_t>(size));
    std::copy_n(data.begin(), size, bytes.begin() + 2);
    const auto hello = decode_hello(bytes, sender());
    if (!hello) {
        require(!message(hello.error()).empty());
        return;
    }
    const auto again = decode_hello(encode_hello(*hello), sender());
    require(again.has_value());
    require(encode_hello(*again) == encode_hello(*hello));
    require(hello->topics.size() <= Hello::topics_max);
    require(common_topics(*hello, *again).size() == hello->topics.size());
    if (const auto goodbye = check_hello(*hello, {}, *again)) {
        require(decode_goodbye(encode_goodbye(*goodbye)).has_value());
    }
}

void fuzz_goodbye(Bytes data) {
    const auto goodbye = decode_goodbye(data);
    if (!goodbye) {
        require(!message(goodbye.error()).empty());
        return;
    }
    const auto encoded = encode_goodbye(*goodbye);
    const auto again = decode_goodbye(encoded);
    require(again.has_value());
    require(again->reason == goodbye->reason && again->sender_value == goodbye->sender_value &&
            again->receiver_value == goodbye->receiver_value && again->others == goodbye->others);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes all = std::as_bytes(std::span{data, size});
    if (all.empty()) return 0;
    if ((data[0] & 1) == 0) {
        fuzz_hello(all.subspan(1));
    } else {
        fuzz_goodbye(all.subspan(1));
    }
    return 0;
}
