// Makes a node key, signs a record with it and prints the record's text form.
#include <parley/identity/enr.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/version.hpp>

#include <cstdio>

#if PARLEY_VERSION_NUMBER < 100
#error "older than 0.1"
#endif

int main() {
    parley::ByteArray<32> secret{};
    secret.back() = std::byte{1};
    const auto key = parley::NodeKey::from_secret(secret);
    if (!key) return 1;
    const auto record = parley::EnrBuilder(1).ip(parley::IpAddress::v4({})).tcp(30303).sign(*key);
    if (!record) return 2;
    std::puts(record->to_text().c_str());
    return 0;
}
