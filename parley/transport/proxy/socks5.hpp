// Socks5: asks a SOCKS5 proxy for a connection to a destination (RFC 1928; user name and password:
// RFC 1929). Bytes in, bytes out; no socket.
//
//     Socks5 socks{proxy, target.endpoint, target.host};
//     while (!socks.done()) {
//         socks.sent(write(socks.output()));
//         if (!socks.on_bytes(read(socks.wanted()))) break;  // Socks5Error: give up
//     }
//
// It never wants a byte beyond the proxy's replies: the next one belongs to the destination.
// Threading: one thread at a time.
#pragma once

#include <parley/base/bytes.hpp>
#include <parley/base/result.hpp>
#include <parley/identity/endpoint.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley::transport {

/// A proxy and the login for it.
struct Proxy {
    Endpoint endpoint;
    std::string user;      ///< at most 255 bytes; empty: no login is offered
    std::string password;  ///< at most 255 bytes
    static constexpr std::size_t text_bytes_max = 255;
    friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// What can be wrong with a proxy's answers, or what they say.
enum class Socks5Errc : std::uint8_t {
    wrong_version,        ///< expected: 5, actual: what came instead
    method_refused,       ///< the proxy takes none of our ways to log in
    unasked_method,       ///< actual: a way to log in that was not offered
    wrong_login_version,  ///< expected: 1 (RFC 1929), actual
    login_refused,        ///< wrong user name or password; actual: the status
    // Replies to the request, in the order of their codes (1 to 8):
    general_failure,
    not_allowed,  ///< by the proxy's rules
    network_unreachable,
    host_unreachable,
    connection_refused,
    ttl_expired,
    command_not_supported,
    address_type_not_supported,
    unknown_reply,     ///< actual: the code
    bad_address_type,  ///< in a reply; actual
    truncated,         ///< the stream ended; expected, actual: bytes of the message
};
using Socks5Error = Error<Socks5Errc>;
/// "connection refused", ...; without the proxy's name.
std::string message(const Socks5Error& error);
/// Whether the proxy is of no use as it is configured, rather than the one destination.
bool is_proxys_own(Socks5Errc code);

/// One request, from its start to done() or an error.
class Socks5 {
public:
    /// Most bytes of a message in either direction.
    static constexpr std::size_t message_bytes_max = 515;

    /// Asks for `host` if it is not empty (at most 255 bytes; the proxy resolves it) and the port
    /// of `to`, else for `to`.
    Socks5(const Proxy& proxy, const Endpoint& to, std::string_view host);

    /// What is to be written before anything is read.
    Bytes output() const { return Bytes{out_}.subspan(sent_); }
    /// Precondition: bytes <= output().size().
    void sent(std::size_t bytes) { sent_ += bytes; }
    /// How many bytes may be read now; 0 when done.
    std::size_t wanted() const { return need_ - in_.size(); }
    /// Bytes from the proxy, in any pieces. Precondition: bytes.size() <= wanted().
    Result<void, Socks5Error> on_bytes(Bytes bytes);
    /// The proxy ended the stream before it was done.
    Socks5Error on_end() const;
    /// The destination was named: what it takes from here on may be the destination's fault.
    bool asked() const { return step_ >= Step::reply; }
    /// What follows on the stream is from and to the destination.
    bool done() const { return step_ == Step::done; }

private:
    enum class Step : std::uint8_t { method, login, reply, reply_address, done };
    Result<void, Socks5Error> on_message();
    Result<void, Socks5Error> on_method();
    Result<void, Socks5Error> on_login();
    Result<void, Socks5Error> on_reply();
    Result<void, Socks5Error> on_address();
    void expect(Step step, std::size_t bytes);
    void say(Buffer message);

    Buffer login_;    // the message, if there is one
    Buffer request_;  // the message
    Buffer out_;
    std::size_t sent_ = 0;
    Buffer in_;
    std::size_t need_ = 0;  // of the message that is awaited, or of the part that tells its size
    Step step_ = Step::method;
};

}  // namespace parley::transport
