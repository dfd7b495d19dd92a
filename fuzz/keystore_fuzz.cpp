// Keystores: what parses goes there and back, and a cheap one is tried with a passphrase.
#include <parley/identity/key_text.hpp>
#include <parley/identity/keystore.hpp>

#include <cstdlib>
#include <span>

using namespace parley;

namespace {

/// A fuzzer learns nothing from a second of scrypt.
bool is_cheap(const Keystore& keystore) {
    if (const auto* cost = std::get_if<crypto::ScryptCost>(&keystore.kdf())) {
        return cost->work_bytes() <= 64 * 1024;
    }
    return std::get<Keystore::Pbkdf2>(keystore.kdf()).iterations <= 64;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(std::as_bytes(std::span{data, size}));
    if (const auto key = parse_key_text(text)) {
        if (!parse_key_text(key_text(*key).text())) std::abort();
    }
    const auto keystore = Keystore::parse(text);
    if (!keystore) {
        if (message(keystore.error()).empty()) std::abort();
        return 0;
    }
    if (Keystore::parse(keystore->to_json()) != keystore) std::abort();
    if (const auto* cost = std::get_if<crypto::ScryptCost>(&keystore->kdf())) {
        if (!cost->is_valid() || cost->work_bytes() > Keystore::scrypt_bytes_max) std::abort();
    }
    if (is_cheap(*keystore)) (void)keystore->decrypt(bytes_of("good"));
    return 0;
}
