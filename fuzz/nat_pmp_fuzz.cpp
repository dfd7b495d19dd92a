// Datagrams that come while a router is asked for a port by NAT-PMP. Whatever they are, it ends,
// and with a mapping only if the router named a port.
#include "router_answers.hpp"
#include <parley/nat/nat_pmp.hpp>

using namespace parley;
using namespace parley::nat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    const auto request =
        fuzz::request_of(MappingMethod::nat_pmp, input.empty() ? std::byte{0} : input[0]);
    NatPmpAsk ask{request};
    fuzz::run(ask, request.action, input.subspan(std::min<std::size_t>(1, input.size())),
              2 * NatPmpAsk::sends_max, [](Bytes) {});
    return 0;
}
