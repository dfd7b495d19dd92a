// Messages with compact blocks, and what is said about them: an inbox takes anything, keeps no more
// than it may, and what it completes is a message that reads as the one that came. The first byte
// says which.
#include <parley/chain/consensus/qbft/compact_inbox.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <variant>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto message =
        SharedBytes::copy(Bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1});
    const BlockForm form{.limits = {.extra_data_bytes_max = extra_data_bytes_max}};
    CompactInbox inbox{{.pool = [](const auto&) {},
                        .block = [](const Hash256&) { return nullptr; },
                        .form = form}};
    CompactInbox::Effects effects;
    const auto receive = [&](std::uint16_t code, std::uint8_t key) {
        (void)inbox.receive({}, 1, code, {std::byte{key}},
                            transport::Message{{message.view().begin(), message.view().end()}},
                            effects);
    };
    switch (data[0] % 4) {
        case 0:
            receive(0x32, 1);
            receive(0x35, 2);
            break;
        case 1:
            receive(block_ahead_code, 1);
            break;
        case 2:
            (void)inbox.on_get_transactions(1, message, effects);
            break;
        default:
            (void)inbox.on_transactions({}, 1, message, effects);
    }
    for (const auto& effect : effects) {
        const auto* whole = std::get_if<CompactInbox::Whole>(&effect);
        if (!whole) continue;
        const auto inside = block_in(whole->code, whole->message);
        if (inside && !decode_block(*inside, form.limits)) std::abort();
    }
    if (inbox.pending() > CompactInbox::pending_of_peer_max) std::abort();
    return 0;
}
