#include <parley/transport/link/frame.hpp>

#include <parley/base/rng.hpp>
#include <parley/base/test_vectors.hpp>
#include <parley/transport/handshake/test_handshake.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace parley::transport {
namespace {

ByteArray<32> test_secret() {
    ByteArray<32> secret;
    SeededEntropy{7}.fill(secret);
    return secret;
}

Buffer seal(FrameSealer& sealer, Bytes msg) {
    Buffer frame(frame_header_bytes + msg.size());
    REQUIRE(sealer.seal(std::span{&msg, 1}, frame));
    return frame;
}

/// Feeds bytes in pieces of `step` and returns the msgs, or the first error.
Result<std::vector<Buffer>, LinkError> open_all(FrameOpener& opener, Buffer bytes,
                                                std::size_t step) {
    std::vector<Buffer> out;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        auto piece = MutableBytes{bytes}.subspan(at, std::min(step, bytes.size() - at));
        while (true) {
            const auto msg = opener.next(piece);
            if (!msg) return std::unexpected{msg.error()};
            if (!*msg) break;
            out.push_back(to_buffer(**msg));
        }
        REQUIRE(piece.empty());
    }
    return out;
}

std::optional<boost::json::value> load_vectors() {
    std::ifstream file{parley::testing::vectors("handshake.json"), std::ios::binary};
    if (file) {
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        return boost::json::parse(text);
    }
    parley::testing::no_vectors("handshake.json");
    return std::nullopt;
}

TEST_CASE("frames: the published vectors, both ways") {
    const auto vectors = load_vectors();
    if (!vectors) return;
    for (const auto& item : vectors->at("frames").as_array()) {
        const auto number = item.at("n").to_number<std::uint64_t>();
        auto secret =
            *array_from_hex<32>(std::string{vectors->at(item.at("dir").as_string()).as_string()});
        for (std::uint64_t e = 0; e < number >> frame_epoch_bits; ++e) {
            secret = next_frame_secret(secret);
        }
        const auto msg = *from_hex(std::string{item.at("msg").as_string()});
        const auto frame = std::string{item.at("frame").as_string()};
        CAPTURE(number);
        FrameSealer sealer{secret, number};
        const auto sealed = seal(sealer, msg);
        CHECK(to_hex(sealed) == frame);
        FrameOpener opener{secret, frame_msg_bytes_max, number};
        CHECK(open_all(opener, sealed, sealed.size()).value() == std::vector<Buffer>{msg});
    }
}

TEST_CASE("frames: the key rolls at the boundary and the frames around it open") {
    const auto boundary = 1ULL << frame_epoch_bits;
    FrameSealer sealer{test_secret(), boundary - 2};
    FrameOpener opener{test_secret(), frame_msg_bytes_max, boundary - 2};
    Buffer stream;
    std::vector<Buffer> msgs;
    for (int i = 0; i < 4; ++i) {
        msgs.push_back(Buffer(static_cast<std::size_t>(i) + 1, std::byte{0x5a}));
        append(stream, seal(sealer, msgs.back()));
    }
    CHECK(open_all(opener, stream, stream.size()).value() == msgs);

    // The last frame of one epoch, opened by somebody who rolled one frame too early.
    FrameSealer last_of_epoch{test_secret(), boundary - 1};
    FrameOpener early{next_frame_secret(test_secret()), frame_msg_bytes_max, boundary};
    const auto error = open_all(early, seal(last_of_epoch, msgs[0]), 1000);
    CHECK(error.error() == LinkError{LinkErrc::bad_tag, 0, boundary});
}

TEST_CASE("frames: number 2^48 is never used") {
    FrameSealer sealer{test_secret(), frame_number_end - 1};
    FrameOpener opener{test_secret(), frame_msg_bytes_max, frame_number_end - 1};
    const Buffer msg{std::byte{1}};
    const auto frame = seal(sealer, msg);
    CHECK(open_all(opener, frame, frame.size()).value() == std::vector<Buffer>{msg});
    Buffer none(frame_header_bytes + 1);
    const Bytes part{msg};
    CHECK(sealer.used_up());
    CHECK_FALSE(sealer.seal(std::span{&part, 1}, none));
    CHECK(open_all(opener, frame, frame.size()).error() ==
          LinkError{LinkErrc::frames_used_up, frame_number_end, 0});
}

TEST_CASE("frames: any cutting of the stream gives the same msgs") {
    FrameSealer sealer{test_secret()};
    Buffer stream;
    std::vector<Buffer> msgs;
    for (const std::size_t size : {1U, 19U, 20U, 21U, 300U, 65536U, 1U, 5000U}) {
        msgs.push_back(Buffer(size, static_cast<std::byte>(size)));
        append(stream, seal(sealer, msgs.back()));
    }
    for (const std::size_t step : {1U, 3U, 20U, 21U, 41U, 4096U, 65556U, 200000U}) {
        CAPTURE(step);
        FrameOpener opener{test_secret(), frame_msg_bytes_max};
        CHECK(open_all(opener, stream, step).value() == msgs);
        CHECK_FALSE((opener.mid_frame() && step == 200000U));
    }
}

TEST_CASE("frames: reordered, doubled, dropped and edited frames do not open") {
    FrameSealer sealer{test_secret()};
    const auto a = seal(sealer, bytes_of("first"));
    const auto b = seal(sealer, bytes_of("second"));
    const auto c = seal(sealer, bytes_of("third"));
    const auto stream = [](std::initializer_list<Buffer> frames) {
        Buffer out;
        for (const auto& frame : frames) append(out, frame);
        return out;
    };
    const auto failure = [](Buffer bytes) {
        FrameOpener opener{test_secret(), frame_msg_bytes_max};
        const auto got = open_all(opener, std::move(bytes), 1000);
        REQUIRE_FALSE(got);
        return got.error();
    };
    CHECK(failure(stream({b, a, c})) == LinkError{LinkErrc::bad_tag, 0, 0});
    CHECK(failure(stream({a, a, b})) == LinkError{LinkErrc::bad_tag, 0, 1});
    CHECK(failure(stream({a, c})) == LinkError{LinkErrc::bad_tag, 0, 1});
    for (std::size_t bit = 0; bit < a.size() * 8; ++bit) {
        auto edited = a;
        edited[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        append(edited, b);
        FrameOpener opener{test_secret(), frame_msg_bytes_max};
        const auto got = open_all(opener, edited, 1000);
        CAPTURE(bit);
        // A longer length may only mean that more is awaited; the edited msg must never come out.
        if (got) {
            CHECK(got.value().empty());
            CHECK(opener.mid_frame());
        }
    }
}

TEST_CASE("frames: length zero or above the limit fails before the rest has come") {
    for (const std::uint32_t length : {0U, 1025U, 65537U, 0xffffffffU}) {
        CAPTURE(length);
        Buffer header(4);
        for (std::size_t i = 0; i < 4; ++i) {
            header[i] = static_cast<std::byte>(length >> (24 - 8 * i));
        }
        FrameOpener opener{test_secret(), 1024};
        CHECK(open_all(opener, header, 4).error() ==
              LinkError{LinkErrc::frame_length, 1024, length});
        header.resize(64);
        FrameOpener whole{test_secret(), 1024};
        CHECK(open_all(whole, header, 64).error() ==
              LinkError{LinkErrc::frame_length, 1024, length});
    }
}

}  // namespace
}  // namespace parley::transport
