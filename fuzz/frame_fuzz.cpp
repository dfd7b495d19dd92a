// Frames. First the input as a stream from a stranger: nothing may open under a key that it does
// not know. Then as the content of valid frames, cut anywhere: it comes out as it went in, and
// its chunks are taken as far as they are well-formed.
#include <parley/transport/link/chunk.hpp>
#include <parley/transport/link/frame.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::transport;

namespace {

constexpr ByteArray<32> secret{std::byte{0x2a}};
constexpr std::uint64_t first_number = (1ULL << frame_epoch_bits) - 2;  // the key rolls soon

void check(bool ok) {
    if (!ok) std::abort();
}

void as_stream(Bytes input) {
    FrameOpener opener{secret, frame_msg_bytes_max};
    auto scratch = to_buffer(input);
    for (MutableBytes rest{scratch}; !rest.empty();) {
        auto piece = rest.first(std::min<std::size_t>(rest.size(), 7));
        const auto taken = piece.size();
        const auto msg = opener.next(piece);
        if (!msg) return;
        check(!*msg && piece.empty());
        rest = rest.subspan(taken);
    }
}

void take_chunks(Bytes msg) {
    while (!msg.empty()) {
        const auto before = msg.size();
        const auto chunk = take_chunk(msg);
        if (!chunk) return;
        check(msg.size() < before && chunk->bytes.size() <= chunk_bytes_max);
    }
}

/// The first byte says how the rest is cut into msgs and into pieces of the stream.
void as_content(Bytes input) {
    if (input.size() < 2) return;
    const auto how = std::to_integer<std::size_t>(input[0]);
    const auto content = input.subspan(1);
    FrameSealer sealer{secret, first_number};
    Buffer stream;
    for (auto rest = content; !rest.empty();) {
        const auto msg = rest.first(std::min(rest.size(), 1 + how * 16));
        const auto start = stream.size();
        stream.resize(start + frame_header_bytes + msg.size());
        check(sealer.seal(std::span{&msg, 1}, MutableBytes{stream}.subspan(start)));
        rest = rest.subspan(msg.size());
    }
    FrameOpener opener{secret, frame_msg_bytes_max, first_number};
    Buffer opened;
    for (MutableBytes rest{stream}; !rest.empty();) {
        auto piece = rest.first(std::min(rest.size(), 1 + how % 64));
        rest = rest.subspan(piece.size());
        while (true) {
            const auto msg = opener.next(piece);
            check(msg.has_value());
            if (!*msg) break;
            take_chunks(**msg);
            append(opened, **msg);
        }
    }
    check(!opener.mid_frame() && equal(opened, content));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span{data, size});
    as_stream(input);
    as_content(input);
    return 0;
}
