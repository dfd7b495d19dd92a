// Frames over a Unix socket: answers, bounds, and servers that are not there or do not answer.
#include <parley/base/endian.hpp>
#include <parley/runtime/frames/frame_client.hpp>
#include <parley/runtime/frames/frame_server.hpp>
#include <parley/runtime/io/listen.hpp>
#include <parley/runtime/io/unique_fd.hpp>
#include <parley/runtime/test_dir.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace parley;
using namespace parley::runtime;

namespace {

SharedBytes echo(const SharedBytes& request) {
    auto out = to_buffer(request.view());
    std::ranges::reverse(out);
    return SharedBytes::own(std::move(out));
}

struct EchoServer {
    TestDir dir;
    std::string path = dir.file("echo.sock");
    std::unique_ptr<FrameServer> server;

    explicit EchoServer(FrameServerConfig config = {}) {
        config.path = path;
        auto started = FrameServer::start(config, &echo, no_log());
        REQUIRE(started);
        server = std::move(*started);
    }
    std::string ask(std::string_view text, std::size_t answer_bytes_max = 1 << 20) const {
        const auto answer = ask_frame(path, bytes_of(text), answer_bytes_max, 30s);
        return answer ? std::string{text_of(*answer)} : answer.error();
    }
};

/// A caller that says what it likes.
class RawCaller {
public:
    explicit RawCaller(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::ranges::copy(path, address.sun_path);
        const void* raw = &address;
        REQUIRE(::connect(fd_.get(), static_cast<const sockaddr*>(raw), sizeof address) == 0);
    }
    void send(Bytes bytes) const {
        REQUIRE(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    /// So many bytes, or those before the end.
    Buffer receive(std::size_t size) const {
        Buffer out(size);
        std::size_t done = 0;
        while (done < size) {
            const auto got = ::recv(fd_.get(), out.data() + done, size - done, 0);
            if (got <= 0) break;
            done += static_cast<std::size_t>(got);
        }
        out.resize(done);
        return out;
    }

private:
    UniqueFd fd_;
};

}  // namespace

TEST_CASE("frames: what is asked is answered, whatever its size") {
    const EchoServer echo_server;
    CHECK(echo_server.ask("abc") == "cba");
    CHECK(echo_server.ask("").empty());
    const std::string large(1 << 20, 'x');
    CHECK(echo_server.ask(large) == large);
    struct stat info{};
    REQUIRE(::stat(echo_server.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("frames: one connection asks one thing after the other, in any pieces") {
    const EchoServer echo_server;
    const RawCaller caller{echo_server.path};
    const auto both = *from_hex("0000000261620000000163");
    for (const auto byte : both) caller.send(Bytes{&byte, 1});
    CHECK(caller.receive(11) == *from_hex("0000000262610000000163"));
}

TEST_CASE("frames: a request that is too large ends the connection, and nothing else") {
    const EchoServer echo_server{{.path = {}, .request_bytes_max = 4}};
    CHECK(echo_server.ask("abcd") == "dcba");
    const RawCaller caller{echo_server.path};
    caller.send(*from_hex("00000005"));
    CHECK(caller.receive(1).empty());
    CHECK(echo_server.ask("abcd") == "dcba");
}

TEST_CASE("frames: an answer that is too large is none") {
    const EchoServer echo_server;
    CHECK(echo_server.ask("abc", 2) ==
          fmt::format("an answer of 3 bytes from {}, expected at most 2", echo_server.path));
}

TEST_CASE("frames: when there are more callers than may be, the oldest gives way") {
    const EchoServer echo_server{{.path = {}, .connections_max = 2}};
    std::vector<std::unique_ptr<RawCaller>> callers;
    for (int i = 0; i < 3; ++i) {
        callers.push_back(std::make_unique<RawCaller>(echo_server.path));
        // Answered, so that it is known which is the oldest.
        callers.back()->send(*from_hex("0000000161"));
        REQUIRE(callers.back()->receive(5).size() == 5);
    }
    CHECK(callers[0]->receive(1).empty());
    callers[1]->send(*from_hex("0000000161"));
    CHECK(callers[1]->receive(5).size() == 5);
}

TEST_CASE("frames: a server that is not there, or does not answer, is told from one that is") {
    EchoServer echo_server;
    const auto path = echo_server.path;
    echo_server.server.reset();
    CHECK(echo_server.ask("a") ==
          fmt::format("cannot connect to {}: No such file or directory", path));
    {
        const auto listening = listen_unix(path, 4);
        REQUIRE(listening);
        CHECK(ask_frame(path, bytes_of("a"), 10, 20ms).error() ==
              fmt::format("no answer from {} in time", path));
    }
    CHECK(echo_server.ask("a") == fmt::format("cannot connect to {}: Connection refused", path));
    // What a process that was killed left there is in nobody's way.
    CHECK(FrameServer::start({.path = path}, &echo, no_log()));
}

TEST_CASE("frames: a second server at one socket is refused") {
    const EchoServer echo_server;
    const auto second = FrameServer::start({.path = echo_server.path}, &echo, no_log());
    REQUIRE_FALSE(second);
    CHECK(second.error().what ==
          fmt::format("cannot listen on {}: Address already in use", echo_server.path));
    CHECK(echo_server.ask("abc") == "cba");
}
