// Hash lists of the topic "tx": whatever decodes encodes back to the same bytes.
#include <parley/chain/txpool/messages.hpp>

#include <cstdlib>

using namespace parley;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    const auto hashes = chain::tx_topic::decode_hashes(input);
    if (!hashes) return 0;
    if (hashes->empty() || hashes->size() > chain::tx_topic::hashes_max) std::abort();
    if (!equal(chain::tx_topic::encode_hashes(*hashes), input)) std::abort();
    return 0;
}
