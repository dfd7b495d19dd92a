// Headers: whatever decodes encodes back to the same bytes, and has the fields of a fork.
#include <parley/chain/types/header.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace parley;
    const auto input = std::as_bytes(std::span{data, size});
    const auto header = chain::decode_header(input);
    if (!header) {
        if (chain::message(header.error()).empty()) std::abort();
        return 0;
    }
    if (!equal(header->encode(), input)) std::abort();
    if (header->extra_data.size() > chain::extra_data_bytes_max_default) std::abort();
    constexpr std::array forks{chain::Fork::berlin, chain::Fork::london, chain::Fork::shanghai,
                               chain::Fork::cancun};
    if (std::ranges::count_if(forks, [&](auto fork) { return header->has_fields_of(fork); }) != 1) {
        std::abort();
    }
    return 0;
}
