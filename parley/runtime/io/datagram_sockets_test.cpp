#include <parley/runtime/io/datagram_sockets.hpp>

#include <parley/base/test_skip.hpp>

#include <doctest/doctest.h>
#include <poll.h>

#include <string>
#include <vector>

using namespace parley;
using namespace parley::runtime;

namespace {

Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

DatagramSocket bound(std::string_view text) {
    auto socket = DatagramSocket::bind(at(text));
    REQUIRE(socket);
    return std::move(*socket);
}

bool waits(const DatagramSocket& socket, int milliseconds) {
    pollfd polled{socket.fd(), POLLIN, 0};
    return ::poll(&polled, 1, milliseconds) == 1;
}

DatagramBatch received(DatagramSocket& socket) {
    DatagramBatch out;
    REQUIRE(waits(socket, 10'000));
    socket.receive(out);
    return out;
}

DatagramBatch one(const Endpoint& to, std::string_view text = "x") {
    DatagramBatch out;
    out.add(to, bytes_of(text));
    return out;
}

/// What came to socket number `index` is answered to its senders.
void answer(DatagramSockets& sockets, std::size_t index, DatagramSocket& socket) {
    const auto questions = received(socket);
    sockets.note(index, questions);
    DatagramBatch answers;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        answers.add(questions.peer(i), bytes_of("answer"));
    }
    sockets.send(answers);
}

}  // namespace

TEST_CASE("a socket on all addresses answers from the one that was asked") {
    DatagramSockets node{1};
    auto& socket = node.add(bound("0.0.0.0:0"));
    auto peer = bound("127.0.0.1:0");
    for (const auto* asked : {"127.0.0.7", "127.0.0.8", "127.0.0.7"}) {
        const Endpoint there{*IpAddress::parse(asked), socket.local().port};
        (void)peer.send(one(there));
        answer(node, 0, socket);
        CHECK(received(peer).peer(0) == there);
        // And what the node sends of its own accord, as long as it remembers.
        node.send(one(peer.local()));
        CHECK(received(peer).peer(0) == there);
    }
    CHECK(node.counts().sent == 6);
}

TEST_CASE("of several sockets the one that was asked answers, alone") {
    DatagramSockets node{1};
    node.add(bound("127.0.0.2:0"));
    auto& second = node.add(bound("127.0.0.3:0"));
    auto peer = bound("127.0.0.1:0");
    (void)peer.send(one(second.local()));
    answer(node, 1, second);
    const auto came = received(peer);
    CHECK(came.size() == 1);
    CHECK(came.peer(0) == second.local());
    CHECK_FALSE(waits(peer, 0));
}

TEST_CASE("IPv6, where the machine has it") {
    auto any = DatagramSocket::bind(at("[::]:0"));
    auto other = DatagramSocket::bind(at("[::1]:0"));
    if (!any || !other) {
        parley::testing::skip("ipv6", (any ? other.error() : any.error()).what);
        return;
    }
    DatagramSockets node{1};
    auto& socket = node.add(std::move(*any));
    (void)other->send(one({*IpAddress::parse("::1"), socket.local().port}));
    answer(node, 0, socket);
    const auto came = received(*other);
    CHECK(came.peer(0).address == *IpAddress::parse("::1"));
}

TEST_CASE("what cannot be sent is counted, and the rest goes") {
    DatagramSockets node{1};
    node.add(bound("127.0.0.1:0"));
    auto peer = bound("127.0.0.1:0");
    DatagramBatch batch;
    batch.add(at("[2001:db8::1]:9000"), bytes_of("no socket"));
    batch.add(at("255.255.255.255:9000"), bytes_of("refused: a broadcast"));
    batch.add(peer.local(), bytes_of("goes"));
    node.send(batch);
    CHECK(equal(received(peer)[0], bytes_of("goes")));
    const auto& counts = node.counts();
    CHECK(counts.sent == 1);
    CHECK(counts.no_socket == 1);
    CHECK(counts.refused == 1);
    CHECK(counts.no_room == 0);
    CHECK(counts.last_refusal.starts_with("255.255.255.255:9000: "));
}

TEST_CASE("an address that this machine no longer has is not insisted on") {
    auto socket = bound("0.0.0.0:0");
    auto peer = bound("127.0.0.1:0");
    const std::vector<OutgoingDatagram> gone{
        {peer.local(), *IpAddress::parse("203.0.113.9"), bytes_of("x")},
        {peer.local(), *IpAddress::parse("127.0.0.4"), bytes_of("y")}};
    CHECK(socket.send(gone).sent == 2);
    auto came = received(peer);
    if (came.size() == 1) {
        const auto more = received(peer);
        came.add(more.peer(0), more[0]);
    }
    CHECK(came.peer(0).address == *IpAddress::parse("127.0.0.1"));
    CHECK(came.peer(1).address == *IpAddress::parse("127.0.0.4"));
}
