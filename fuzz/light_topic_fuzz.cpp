// Messages of the topic "light", and rows of headers: never crashes, and what is read is written as
// it was. The first byte says which.
#include <parley/chain/light/header_row.hpp>
#include <parley/chain/light/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;

namespace {

template <class T>
void check_round_trip(const Decoded<T>& decoded, Bytes bytes) {
    if (decoded && !equal(encode(*decoded), bytes)) std::abort();
}

/// A row need not be written as it was read, but its header must survive.
void check_row(Bytes bytes) {
    constexpr auto form = qbft::ExtraForm::goquorum;
    const ValidatorSets known{{Address{}, Address{{std::byte{1}}}}, {Address{}}};
    const auto row = decode_row(bytes, 7, {}, form, known);
    if (!row) return;
    auto sets = known;
    const auto again = decode_row(encode_row(row->header, row->hash, form, KeepSeals::quorum, sets),
                                  7, {}, form, sets);
    if (!again || again->hash != row->hash) std::abort();
    if (again->header.state_root != row->header.state_root) std::abort();
    if (again->header.beneficiary != row->header.beneficiary) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto message =
        SharedBytes::copy(Bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1});
    switch (data[0] % 7) {
        case 0:
            check_round_trip(decode_get_headers(message), message);
            break;
        case 1:
            check_round_trip(decode_get_proofs(message), message);
            break;
        case 2:
            check_round_trip(decode_get_inclusion(message), message);
            break;
        case 3:
            check_round_trip(decode_inclusion(message), message);
            break;
        case 4:
            check_round_trip(decode_conflict(message), message);
            break;
        case 5:
            check_round_trip(decode_get_block(message), message);
            break;
        default:
            check_row(message);
            break;
    }
    return 0;
}
