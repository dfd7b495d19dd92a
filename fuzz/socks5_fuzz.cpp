// What a SOCKS5 proxy may answer: whatever comes, in whatever pieces, ends the same way, and no
// more is read than belongs to the proxy.
#include <parley/transport/proxy/socks5.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>

using namespace parley;
using namespace parley::transport;

namespace {

void check(bool ok) {
    if (!ok) std::abort();
}

struct End {
    std::size_t taken = 0;
    bool done = false;
    std::optional<Socks5Error> error;
};

End run(Socks5 socks, Bytes stream, std::size_t step) {
    End end;
    while (!socks.done()) {
        check(socks.output().size() <= Socks5::message_bytes_max);
        socks.sent(socks.output().size());
        check(socks.wanted() > 0 && socks.wanted() <= Socks5::message_bytes_max);
        const auto size = std::min({step, socks.wanted(), stream.size() - end.taken});
        if (size == 0) {
            end.error = socks.on_end();
            return end;
        }
        const auto ok = socks.on_bytes(stream.subspan(end.taken, size));
        end.taken += size;
        if (!ok) {
            check(!message(ok.error()).empty());
            end.error = ok.error();
            return end;
        }
    }
    end.done = true;
    return end;
}

}  // namespace

/// The first byte: bit 0: with a login, bit 1: for a name; the others: the size of pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes input = std::as_bytes(std::span{data, size});
    if (input.empty()) return 0;
    const auto options = std::to_integer<unsigned>(input[0]);
    input = input.subspan(1);
    Proxy proxy;
    if ((options & 1) != 0) proxy.user = "user";
    const Socks5 socks{proxy, {{}, 1}, (options & 2) != 0 ? "host.example" : ""};
    const End whole = run(socks, input, SIZE_MAX);
    const End pieces = run(socks, input, 1 + (options >> 2));
    // A failure is known at the latest when all that was wanted is there; in pieces, not later.
    check(whole.done == pieces.done && whole.error == pieces.error);
    check(whole.taken == pieces.taken);
    return 0;
}
