// Transactions: whatever decodes must encode to the very same bytes, and every check must return.
#include <parley/chain/types/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace parley;
    const auto input = std::as_bytes(std::span{data, size});
    const auto tx = chain::decode_transaction(SharedBytes::copy(input));
    if (!tx) {
        if (chain::message(tx.error()).empty()) std::abort();
        return 0;
    }
    if (!equal(tx->encode(), input)) std::abort();
    for (const auto fork : {chain::Fork::berlin, chain::Fork::london, chain::Fork::cancun}) {
        if (chain::intrinsic_gas(*tx, fork) < 21'000) std::abort();
        if (const auto checked = chain::check_stateless(*tx, {.fork = fork}); !checked) {
            if (chain::message(checked.error()).empty()) std::abort();
        }
    }
    (void)chain::recover_sender(*tx);
    return 0;
}
