// What a node and its signer say to each other, and the signer's record: never crashes, what is
// read is written as it was, and what was signed once is signed again, also after a restart. The
// first byte says which.
#include <parley/base/append_log.hpp>
#include <parley/chain/consensus/qbft/signing/guarded_signer.hpp>
#include <parley/chain/consensus/qbft/signing/service.hpp>
#include <parley/chain/consensus/qbft/signing/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace parley;
using namespace parley::chain::qbft;

namespace {

/// A signer with this record; aborts if the record that it leaves cannot be read again.
class Process {
public:
    explicit Process(Bytes record) {
        (void)first_.append(record);
        start();
    }
    bool has_started() const { return signer_.has_value(); }
    void start() {
        auto log = SigningLog::open(first_, second_);
        if (log) signer_.emplace(secret(), *log);
    }
    SharedBytes answer(const SharedBytes& request) {
        return answer_signer_request(*signer_, request, no_log());
    }

private:
    static ByteArray<32> secret() {
        ByteArray<32> out{};
        out.back() = std::byte{1};
        return out;
    }

    MemoryLog first_, second_;
    std::optional<GuardedSigner> signer_;
};

void ask_twice(const SharedBytes& request) {
    Process process{{}};
    const auto once = process.answer(request);
    if (!equal(process.answer(request), once)) std::abort();
    process.start();
    if (!equal(process.answer(request), once)) std::abort();
}

void read_record(Bytes record) {
    Process process{record};
    if (!process.has_started()) return;
    (void)process.answer(encode(SignerRequest{SigningRequest{Prepare{{~0ULL, ~0U}, {}}}}));
    process.start();
    if (!process.has_started()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto message =
        SharedBytes::copy(Bytes{reinterpret_cast<const std::byte*>(data + 1), size - 1});
    switch (data[0] % 3) {
        case 0:
            if (const auto request = decode_signer_request(message)) {
                if (!equal(encode(*request), message)) std::abort();
                ask_twice(message);
            }
            break;
        case 1:
            if (const auto answer = decode_signer_answer(message)) {
                if (!equal(encode(*answer), message)) std::abort();
            }
            break;
        default:
            read_record(message);
    }
    return 0;
}
