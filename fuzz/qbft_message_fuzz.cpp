// Messages of validators, and extra data: never crashes, and what is read is written as it was. The
// first byte says which.
#include <parley/chain/consensus/qbft/incoming.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace parley;
using namespace parley::chain::qbft;

namespace {

template <class T>
void check_round_trip(const DecodedMessage<T>& decoded, Bytes bytes) {
    if (decoded && !equal(encode(*decoded), bytes)) std::abort();
}

void check_extra_data(Bytes bytes, ExtraForm form) {
    const auto extra = decode_extra_data(bytes, form);
    if (extra && !equal(extra->encode(form), bytes)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto message =
        SharedBytes::copy(Bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1});
    const BlockForm form{.limits = {.extra_data_bytes_max = extra_data_bytes_max}};
    switch (data[0] % 8) {
        case 0:
            check_round_trip(decode_prepare(message), message);
            break;
        case 1:
            check_round_trip(decode_commit(message), message);
            break;
        case 2:
            check_round_trip(decode_round_change(message), message);
            break;
        case 3:
            check_round_trip(decode_proposal(message), message);
            break;
        case 4:
            check_round_trip(decode_certificate(message), message);
            break;
        case 5:
            check_extra_data(message, ExtraForm::goquorum);
            break;
        case 6:
            check_extra_data(message, ExtraForm::besu);
            break;
        default:
            for (std::uint16_t code = 0x12; code < 0x16; ++code) {
                (void)read_incoming(code, message, form);
            }
    }
    return 0;
}
