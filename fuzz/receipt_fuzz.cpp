// Receipts: whatever decodes encodes back to the same bytes.
#include <parley/chain/types/receipt.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace parley;
    const auto input = std::as_bytes(std::span{data, size});
    const auto stored = chain::decode_stored_receipt(input, chain::TxType::legacy);
    if (stored && !equal(stored->encode_stored(), input)) std::abort();
    const auto receipt = chain::decode_receipt(input);
    if (!receipt) {
        if (chain::message(receipt.error()).empty()) std::abort();
        return 0;
    }
    if (!equal(receipt->encode(), input)) std::abort();
    const auto bloom = chain::bloom_of(receipt->logs);
    for (const auto& log : receipt->logs) {
        if (!bloom.contains(log.address) || log.topics.size() > chain::topics_max) std::abort();
    }
    return 0;
}
