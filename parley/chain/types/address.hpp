// Address: an account of the chain, the last 20 bytes of keccak256 of its public key.
// Threading: values only. Spec: Ethereum Yellow Paper, appendix F.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace parley::chain {

struct Address {
    ByteArray<20> value{};

    operator Bytes() const { return value; }  // NOLINT(google-explicit-constructor): a view of it
    /// "0x" and 40 lower-case hex digits.
    std::string to_string() const { return "0x" + to_hex(value); }
    /// The same with the checksum in its case (EIP-55).
    std::string checksummed() const;
    /// 40 hex digits of any case, with or without "0x".
    static std::optional<Address> parse(std::string_view text) {
        return array_from_hex<20>(text).transform([](const auto& bytes) { return Address{bytes}; });
    }
    /// Of whoever has the secret of this key.
    static Address of(const crypto::UncompressedKey& key);
    friend auto operator<=>(const Address&, const Address&) = default;
};

}  // namespace parley::chain
