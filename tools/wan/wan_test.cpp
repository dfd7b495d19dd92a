#include "wan.hpp"
#include <parley/base/test_skip.hpp>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

using namespace parley;
using namespace parley::wan;
using Clock = std::chrono::steady_clock;

namespace {

/// Nothing, and a word about it, where there can be none.
std::unique_ptr<Wan> make_wan(const WanOptions& options) {
    try {
        return std::make_unique<Wan>(options);
    } catch (const NotHere& error) {
        testing::skip("namespaces", error.what());
        return nullptr;
    }
}

sockaddr_in address_of(std::size_t end) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(9);
    ::inet_pton(AF_INET, Wan::address(end).c_str(), &out.sin_addr);
    return out;
}

runtime::UniqueFd udp_at(const Wan& wan, std::size_t end) {
    const InNamespace inside{wan.space(end)};
    runtime::UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const auto own = address_of(end);
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
    return fd;
}

void send_to(const runtime::UniqueFd& from, std::size_t end, char what) {
    const auto to = address_of(end);
    REQUIRE(::sendto(from.get(), &what, 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) ==
            1);
}

/// The next byte that comes, within 10 s.
std::optional<char> receive(const runtime::UniqueFd& at) {
    pollfd polled{at.get(), POLLIN, 0};
    char what = 0;
    if (::poll(&polled, 1, 10'000) != 1 || ::recv(at.get(), &what, 1, 0) != 1) return std::nullopt;
    return what;
}

}  // namespace

TEST_CASE("packets cross lines of both ends, no sooner than their delays allow") {
    const auto wan = make_wan({.ends = 3});
    if (!wan) return;
    REQUIRE(wan->change(1, "delay 20ms"));
    REQUIRE(wan->change(3, "delay 30ms"));
    const auto one = udp_at(*wan, 1);
    const auto three = udp_at(*wan, 3);
    const auto began = Clock::now();
    send_to(one, 3, 'a');
    CHECK(receive(three) == 'a');
    CHECK(Clock::now() - began >= 50ms);
    send_to(three, 1, 'b');
    CHECK(receive(one) == 'b');
    CHECK(Clock::now() - began >= 100ms);
    CHECK(wan->sent(1).passed >= 1);
    CHECK(wan->received(3).passed >= 1);
}

TEST_CASE("a line that is down lets nothing through in either direction, and heals") {
    const auto wan = make_wan({.ends = 2});
    if (!wan) return;
    const auto one = udp_at(*wan, 1);
    const auto two = udp_at(*wan, 2);
    REQUIRE(wan->change(2, "down"));
    send_to(one, 2, 'x');
    send_to(two, 1, 'x');
    // Waits until both were met at the line, so that what comes next was sent after.
    while (wan->received(2).cut < 1 || wan->sent(2).cut < 1) std::this_thread::yield();
    REQUIRE(wan->change(2, "up"));
    send_to(one, 2, 'y');
    send_to(two, 1, 'z');
    CHECK(receive(two) == 'y');
    CHECK(receive(one) == 'z');
}

TEST_CASE("an end that is not there is named") {
    const auto wan = make_wan({.ends = 2});
    if (!wan) return;
    CHECK(wan->change(3, "down").error() == "expected an end from 1 to 2, got 3");
    CHECK(wan->change(0, "down").error() == "expected an end from 1 to 2, got 0");
}
