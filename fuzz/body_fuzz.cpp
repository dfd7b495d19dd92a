// Bodies and blocks: whatever decodes encodes back to the same bytes, from those that came as from
// the fields; its transactions lie inside the input; the limits hold.
#include <parley/chain/types/block.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <span>

namespace {

using namespace parley;

void require(bool condition) {
    if (!condition) std::abort();
}

bool within(const chain::Body& body, const chain::BlockLimits& limits) {
    return body.transactions.size() <= limits.transactions_max &&
           body.ommers.size() <= limits.ommers_max &&
           (!body.withdrawals || body.withdrawals->size() <= limits.withdrawals_max);
}

void check_transactions(const chain::Body& body, const SharedBytes& input) {
    for (const auto& tx : body.transactions) {
        const auto* begin = tx.raw.view().data();
        require(std::less_equal{}(input.view().data(), begin));
        require(std::less_equal{}(begin + tx.raw.size(), input.view().data() + input.size()));
        require(equal(tx.encode(), tx.raw));
    }
}

/// The body of what `decode` made of the input, once by each set of limits.
template <class Decode, class BodyOf>
void check(const SharedBytes& input, Decode decode, BodyOf body_of) {
    const chain::BlockLimits tight{.transactions_max = 2, .ommers_max = 1, .withdrawals_max = 1};
    auto decoded = decode(input, chain::BlockLimits{});
    const auto bounded = decode(input, tight);
    if (!decoded) {
        require(!bounded && !chain::message(decoded.error()).empty());
        return;
    }
    require(equal(decoded->encode(), input));
    check_transactions(body_of(*decoded), input);
    require(bounded.has_value() == within(body_of(*decoded), tight));
    require(bounded || bounded.error().code == chain::BlockErrc::too_many);
    for (auto& tx : body_of(*decoded).transactions) tx.raw = {};
    require(equal(decoded->encode(), input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = SharedBytes::copy(std::as_bytes(std::span{data, size}));
    check(input, chain::decode_body, [](chain::Body& body) -> chain::Body& { return body; });
    check(input, chain::decode_block,
          [](chain::Block& block) -> chain::Body& { return block.body; });
    return 0;
}
