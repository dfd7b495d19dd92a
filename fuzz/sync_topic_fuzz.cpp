// Messages of the topic "sync": never crashes, and what is read is written as it was. The first
// byte says which message.
#include <parley/chain/sync/compact_block.hpp>
#include <parley/chain/sync/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace parley;
using namespace parley::chain::sync_topic;

namespace {

template <class T>
void check_round_trip(const Decoded<T>& decoded, Bytes bytes) {
    if (decoded && !equal(encode(*decoded), bytes)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto message =
        SharedBytes::copy(Bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1});
    switch (data[0] % 10) {
        case 0:
            check_round_trip(decode_status(message), message);
            break;
        case 1:
            check_round_trip(decode_get_headers(message), message);
            break;
        case 2:
            check_round_trip(decode_items(message, headers_max), message);
            break;
        case 3:
            check_round_trip(decode_get_by_hash(message, bodies_max), message);
            break;
        case 4:
            check_round_trip(decode_get_accounts(message), message);
            break;
        case 5:
            check_round_trip(decode_accounts(message), message);
            break;
        case 6:
            check_round_trip(decode_get_changes(message), message);
            break;
        case 7:
            check_round_trip(decode_changes(message), message);
            break;
        case 8:
            if (const auto block = decode_new_block(message)) {
                check_round_trip(Decoded<NewBlock>{*block}, message);
                (void)chain::CompactBlock::read(*block, {});
            }
            break;
        default:
            check_round_trip(decode_get_transactions(message), message);
    }
    return 0;
}
