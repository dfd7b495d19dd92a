// SecretBytes: keys and passphrases that are wiped when they are no longer needed. Their size is
// fixed, so that no copy stays behind where a buffer grew.
// Threading: values only.
#pragma once

#include <parley/base/bytes.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace parley {

/// Move-only; wiped on destruction.
class SecretBytes {
public:
    SecretBytes() = default;
    /// Zeros.
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    explicit SecretBytes(Bytes secret) : bytes_(secret.begin(), secret.end()) {}
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
    SecretBytes& operator=(SecretBytes&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~SecretBytes() { wipe(bytes_); }

    Bytes bytes() const { return bytes_; }
    /// To write the secret in place, so that no other copy of it comes about.
    MutableBytes bytes() { return bytes_; }
    std::string_view text() const { return text_of(bytes_); }
    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    /// Wipes and drops what is beyond `size`. Precondition: size <= this->size().
    void truncate(std::size_t size) {
        wipe(MutableBytes{bytes_}.subspan(size));
        bytes_.resize(size);
    }

private:
    Buffer bytes_;
};

}  // namespace parley
