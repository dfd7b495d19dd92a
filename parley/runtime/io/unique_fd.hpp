// UniqueFd: owns a file descriptor, which is closed with it; or none.
#pragma once

#include <unistd.h>

#include <utility>

namespace parley::runtime {

class UniqueFd {
public:
    UniqueFd() = default;
    /// Takes ownership; negative: none.
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~UniqueFd() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// -1 if there is none.
    int get() const { return fd_; }
    /// Gives up ownership.
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

}  // namespace parley::runtime
