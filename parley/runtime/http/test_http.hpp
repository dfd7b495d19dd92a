// For tests: clients of an HttpServer.
#pragma once

#include <parley/runtime/io/asio_endpoint.hpp>
#include <parley/runtime/io/unique_fd.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace parley::runtime {

inline const Endpoint any_loopback{*IpAddress::parse("127.0.0.1"), 0};

/// A socket that speaks whatever the test says.
class RawClient {
public:
    explicit RawClient(const Endpoint& endpoint, std::string_view from = "127.0.0.1")
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        set_patience();
        const auto own = to_asio({*IpAddress::parse(from), 0});
        REQUIRE(::bind(fd_.get(), own.data(), static_cast<socklen_t>(own.size())) == 0);
        const auto address = to_asio(endpoint);
        REQUIRE(::connect(fd_.get(), address.data(), static_cast<socklen_t>(address.size())) == 0);
    }
    /// At a Unix socket.
    explicit RawClient(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        set_patience();
        const boost::asio::local::stream_protocol::endpoint address{path};
        REQUIRE(::connect(fd_.get(), address.data(), static_cast<socklen_t>(address.size())) == 0);
    }
    void send(std::string_view text) {
        while (!text.empty()) {
            const auto n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    /// Until the text ends with `end`, or the stream does.
    std::string read_until(std::string_view end) {
        std::string got;
        char buffer[4096];
        while (!got.ends_with(end) || end.empty()) {
            const auto n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (n <= 0) return got;
            got.append(buffer, static_cast<std::size_t>(n));
        }
        return got;
    }
    std::string read_to_end() { return read_until({}); }
    /// So many bytes, or fewer at the end of the stream.
    std::string read_bytes(std::size_t count) {
        std::string got(count, '\0');
        if (count == 0) return got;  // recv() would wait
        const auto n = ::recv(fd_.get(), got.data(), count, MSG_WAITALL);
        got.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
        return got;
    }

private:
    void set_patience() {
        const timeval patience{20, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    UniqueFd fd_;
};

/// A WebSocket, frame by frame.
class WebSocketClient {
public:
    enum Opcode : std::uint8_t { rest = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
    struct Frame {
        int opcode = -1;  ///< of the whole first byte; -1: the stream has ended
        std::string payload = {};
        friend bool operator==(const Frame&, const Frame&) = default;
    };

    static std::string upgrade(std::string_view headers = "Host: localhost\r\n",
                               std::string_view path = "/") {
        return "GET " + std::string{path} + " HTTP/1.1\r\n" + std::string{headers} +
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    }

    template <class Address>
    explicit WebSocketClient(const Address& address) : raw_(address) {
        raw_.send(upgrade());
        const auto answer = raw_.read_until("\r\n\r\n");
        REQUIRE(answer.starts_with("HTTP/1.1 101 "));
        // The key's answer is the one of RFC 6455, 1.3.
        REQUIRE(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    }
    RawClient& raw() { return raw_; }

    static std::string frame(Opcode opcode, std::string_view payload, bool last = true) {
        std::string out;
        out += static_cast<char>((last ? 0x80 : 0) | opcode);
        const auto size = payload.size();
        if (size < 126) {
            out += static_cast<char>(0x80 | size);
        } else if (size < 65536) {
            out += static_cast<char>(0x80 | 126);
            append_number(out, size, 2);
        } else {
            out += static_cast<char>(0x80 | 127);
            append_number(out, size, 8);
        }
        out += std::string(4, '\0');  // a mask that changes nothing
        return out += payload;
    }
    void send(std::string_view payload) { raw_.send(frame(text, payload)); }
    void send(Opcode opcode, std::string_view payload, bool last = true) {
        raw_.send(frame(opcode, payload, last));
    }

    Frame read_frame() {
        const auto head = raw_.read_bytes(2);
        if (head.size() < 2) return {};
        std::size_t size = static_cast<unsigned char>(head[1]);
        if (size >= 126) {
            const auto number = raw_.read_bytes(size == 126 ? 2 : 8);
            size = 0;
            for (const char c : number) size = size << 8 | static_cast<unsigned char>(c);
        }
        return {static_cast<unsigned char>(head[0]), raw_.read_bytes(size)};
    }
    /// The next frame's, which must be a whole text.
    std::string read_text() {
        auto frame = read_frame();
        REQUIRE(frame.opcode == (0x80 | text));
        return std::move(frame.payload);
    }
    /// "code reason" of a frame that closes.
    std::string read_close() {
        const auto frame = read_frame();
        if (frame.opcode != (0x80 | close) || frame.payload.size() < 2) return "no close frame";
        const auto code = static_cast<unsigned char>(frame.payload[0]) * 256 +
                          static_cast<unsigned char>(frame.payload[1]);
        return std::to_string(code) + " " + frame.payload.substr(2);
    }

private:
    static void append_number(std::string& out, std::size_t number, int bytes) {
        for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
    }

    RawClient raw_;
};

/// The whole answer, with its header.
inline std::string http_get(const Endpoint& endpoint, std::string_view path,
                            std::string_view host = "localhost", std::string_view method = "GET") {
    const UniqueFd fd{
        ::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval patience{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const auto address = to_asio(endpoint);
    REQUIRE(::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0);
    const std::string request = std::string{method} + " " + std::string{path} +
                                " HTTP/1.1\r\nHost: " + std::string{host} +
                                "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    REQUIRE(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    std::string out;
    std::array<char, 4096> buffer;
    while (true) {
        const auto got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) return out;
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace parley::runtime
