// Node records: the input is read as bytes and as text; what verifies goes there and back.
#include <parley/identity/enr.hpp>

#include <cstdlib>
#include <span>

using namespace parley;

namespace {

void check_round_trip(const Enr& record) {
    const auto from_raw = Enr::decode(record.raw());
    const auto from_text = Enr::parse(record.to_text());
    if (!from_raw || !from_text || *from_raw != record || *from_text != record) std::abort();
    if (record.raw().size() > Enr::size_bytes_max || !record.value("id")) std::abort();
    (void)record.tcp_endpoint();
    (void)record.udp_endpoint();
    if (const auto client = record.client(); client && client->name.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    if (const auto record = Enr::decode(input)) check_round_trip(*record);
    if (const auto record = Enr::parse(text_of(input))) check_round_trip(*record);
    (void)Target::parse(text_of(input));
    return 0;
}
