#include <parley/transport/link/frame.hpp>

#include <parley/base/endian.hpp>
#include <parley/crypto/hash.hpp>

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>

namespace parley::transport {

namespace {

/// X(s, l, n) of docs/formats/handshake.md.
template <std::size_t N>
ByteArray<N> expand(const ByteArray<32>& secret, std::string_view label) {
    std::string info{"parley/1 "};
    info += label;
    ByteArray<N> out;
    crypto::hkdf_expand(secret, bytes_of(info), out);
    return out;
}

crypto::AesGcm make_cipher(crypto::AesGcm::Mode mode, const ByteArray<32>& secret) {
    auto key = expand<32>(secret, "key");
    crypto::AesGcm cipher{mode, key};
    wipe(key);
    return cipher;
}

}  // namespace

ByteArray<32> next_frame_secret(const ByteArray<32>& secret) {
    return expand<32>(secret, "next");
}

FrameKeys::FrameKeys(crypto::AesGcm::Mode mode, const ByteArray<32>& secret, std::uint64_t number)
    : secret_(secret),
      iv_(expand<crypto::gcm_nonce_bytes>(secret, "iv")),
      number_(number),
      epoch_(number >> frame_epoch_bits),
      cipher_(make_cipher(mode, secret)) {}

FrameKeys::~FrameKeys() {
    wipe(secret_);
    wipe(iv_);
}

void FrameKeys::derive() {
    auto next = next_frame_secret(secret_);
    secret_ = next;
    wipe(next);
    auto key = expand<32>(secret_, "key");
    cipher_.rekey(key);
    wipe(key);
    iv_ = expand<crypto::gcm_nonce_bytes>(secret_, "iv");
    ++epoch_;
}

crypto::AesGcm& FrameKeys::next(ByteArray<crypto::gcm_nonce_bytes>& nonce) {
    assert(!used_up());
    if (number_ >> frame_epoch_bits != epoch_) derive();
    nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i) {
        nonce[nonce.size() - 1 - i] ^= static_cast<std::byte>(number_ >> (8 * i));
    }
    ++number_;
    return cipher_;
}

bool FrameSealer::seal(std::span<const Bytes> msg_parts, MutableBytes frame) {
    if (keys_.used_up()) return false;
    const std::size_t size = frame.size() - frame_header_bytes;
    assert(size >= 1 && size <= frame_msg_bytes_max);
    const auto length = frame.first(4);
    store_be(length, static_cast<std::uint32_t>(size));
    ByteArray<crypto::gcm_nonce_bytes> nonce;
    auto& cipher = keys_.next(nonce);
    cipher.seal(nonce, length, msg_parts, frame.subspan(frame_header_bytes),
                frame.subspan(4, crypto::gcm_tag_bytes));
    return true;
}

Result<std::optional<Bytes>, LinkError> FrameOpener::next(MutableBytes& input) {
    if (opened_partial_) {
        Buffer{}.swap(partial_);  // an idle link keeps no buffer
        opened_partial_ = false;
    }
    if (partial_.empty() && input.size() >= frame_header_bytes) {
        const auto size = msg_size(input);
        if (!size) return std::unexpected{size.error()};
        if (const auto whole = frame_header_bytes + *size; input.size() >= whole) {
            const auto msg = open(input.first(whole));
            if (!msg) return std::unexpected{msg.error()};
            input = input.subspan(whole);
            return *msg;
        }
    }
    if (!fill(input, 4)) return std::nullopt;
    const auto size = msg_size(partial_);
    if (!size) return std::unexpected{size.error()};
    partial_.reserve(frame_header_bytes + *size);
    if (!fill(input, frame_header_bytes + *size)) return std::nullopt;
    opened_partial_ = true;
    const auto msg = open(partial_);
    if (!msg) return std::unexpected{msg.error()};
    return *msg;
}

/// Grows the kept frame to `size` bytes from the input; false if they are not there yet.
bool FrameOpener::fill(MutableBytes& input, std::size_t size) {
    if (partial_.size() < size) {
        const auto taken = std::min(size - partial_.size(), input.size());
        append(partial_, input.first(taken));
        input = input.subspan(taken);
    }
    return partial_.size() >= size;
}

Result<std::size_t, LinkError> FrameOpener::msg_size(Bytes header) const {
    const auto size = load_be<std::uint32_t>(header);
    if (size == 0 || size > msg_bytes_max_) {
        return fail(LinkErrc::frame_length, msg_bytes_max_, size);
    }
    return size;
}

Result<Bytes, LinkError> FrameOpener::open(MutableBytes frame) {
    if (keys_.used_up()) return fail(LinkErrc::frames_used_up, frame_number_end, 0);
    const auto number = keys_.number();
    const auto msg = frame.subspan(frame_header_bytes);
    ByteArray<crypto::gcm_nonce_bytes> nonce;
    auto& cipher = keys_.next(nonce);
    if (!cipher.open(nonce, frame.first(4), msg, frame.subspan(4, crypto::gcm_tag_bytes), msg)) {
        return fail(LinkErrc::bad_tag, 0, number);
    }
    return msg;
}

}  // namespace parley::transport
