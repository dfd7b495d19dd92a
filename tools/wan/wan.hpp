// Wan: a few network namespaces joined by a wide-area network that one thread plays. Each end is a
// namespace with one TUN device at the end of an access line; what the lines do to packets can be
// changed at any time. Needs root and /dev/net/tun, and no module of the kernel beside it.
//
//     Wan wan{{.ends = 2}};
//     wan.change(1, "delay 30ms");
//     InNamespace inside{wan.space(1)};  // sockets made here live at end 1
#pragma once

#include "line.hpp"
#include <parley/runtime/io/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace parley::wan {

/// This machine, or this user, cannot have a Wan; what() says what it needs.
class NotHere : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct WanOptions {
    std::size_t ends = 2;    ///< up to 200
    unsigned mtu = 1500;     ///< of the devices, 576 to 65535
    std::uint64_t seed = 1;  ///< of loss and reordering
    /// What TCP may keep for a connection in the namespaces; 0: as the system has it.
    std::uint64_t tcp_buffer_bytes_max = 0;
};

/// Threading: every member may be called from any thread. The namespaces are gone when the object
/// and every process in them are: nothing is left behind, whatever ends this process.
class Wan {
public:
    /// Throws NotHere, or std::system_error.
    explicit Wan(const WanOptions& options);
    ~Wan();
    Wan(const Wan&) = delete;
    Wan& operator=(const Wan&) = delete;

    /// Ends are numbered from 1.
    std::size_t ends() const;
    /// A descriptor of the end's namespace, closed on exec.
    int space(std::size_t end) const;
    /// The same for `nsenter --net=`, valid while this process lives.
    std::string space_path(std::size_t end) const;
    /// "10.77.0.1" for end 1.
    static std::string address(std::size_t end);

    /// Changes both directions of an end's line: line.hpp says how.
    Result<void, std::string> change(std::size_t end, std::string_view words);
    /// What came from the end, and what went to it.
    LineCounts sent(std::size_t end) const;
    LineCounts received(std::size_t end) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// Moves the calling thread into a network namespace, and back at the end of the scope. Threads
/// and processes started meanwhile stay inside; so do sockets.
class InNamespace {
public:
    /// Throws std::system_error.
    explicit InNamespace(int space);
    ~InNamespace();
    InNamespace(const InNamespace&) = delete;
    InNamespace& operator=(const InNamespace&) = delete;

private:
    runtime::UniqueFd before_;
};

}  // namespace parley::wan
