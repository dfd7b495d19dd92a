#include <parley/crypto/aead.hpp>

#include "aead.hpp"
#include "harness.hpp"
#include <parley/base/endian.hpp>
#include <parley/crypto/aead_backends.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace parley::bench {

namespace {

using crypto::AeadLibrary;
using crypto::AesGcm;

constexpr std::size_t bytes_in_all = std::size_t{256} << 20;
constexpr std::size_t messages_max = 2'000'000;

/// `keys` contexts that seal one message each, in turn.
double seal(const AeadLibrary& library, std::size_t message_bytes, std::size_t keys) {
    std::vector<std::unique_ptr<AesGcm::Backend>> contexts;
    for (std::size_t i = 0; i < keys; ++i) {
        const ByteArray<32> key{static_cast<std::byte>(i)};
        contexts.push_back(library.aes_gcm(AesGcm::Mode::seal, key));
    }
    Buffer message(message_bytes);
    ByteArray<crypto::gcm_nonce_bytes> nonce{};
    ByteArray<crypto::gcm_tag_bytes> tag{};
    const ByteArray<4> associated{};
    const auto count = std::min(messages_max, bytes_in_all / message_bytes);
    const double start = thread_seconds_now();
    for (std::size_t i = 0; i < count; ++i) {
        store_be(MutableBytes{nonce}.subspan(4), static_cast<std::uint64_t>(i));
        const Bytes plain = message;
        contexts[i % keys]->seal(nonce, associated, std::span{&plain, 1}, message, tag);
    }
    return static_cast<double>(count * message_bytes) / (thread_seconds_now() - start);
}

}  // namespace

double seal_chosen(std::size_t message_bytes) {
    return seal(crypto::chosen_aead(), message_bytes, 1);
}
double seal_openssl(std::size_t message_bytes) {
    return seal(crypto::openssl_aead(), message_bytes, 1);
}
double seal_turns_chosen(std::size_t message_bytes) {
    return seal(crypto::chosen_aead(), message_bytes, 64);
}
double seal_turns_openssl(std::size_t message_bytes) {
    return seal(crypto::openssl_aead(), message_bytes, 64);
}

std::string seal_limit() {
    return crypto::openssl_aead().name() + "; ours is " + crypto::aead_library();
}

}  // namespace parley::bench
