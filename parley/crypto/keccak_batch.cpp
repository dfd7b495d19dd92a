#include <parley/crypto/keccak_batch.hpp>

#include <parley/crypto/keccak_ways_impl.hpp>

#include <array>
#include <cassert>

namespace parley::crypto {

constinit const KeccakWays keccak_scalar{"scalar", 1, keccak::absorb<1>};

namespace {

constexpr std::size_t keccak_block_bytes = 8 * KeccakWays::block_words;

/// The last block of an input: what is left of it, and Keccak's own padding. `left` has less than
/// keccak_block_bytes.
void pad(ByteArray<keccak_block_bytes>& block, Bytes left) {
    if (!left.empty()) std::memcpy(block.data(), left.data(), left.size());
    std::memset(block.data() + left.size(), 0, keccak_block_bytes - left.size());
    block[left.size()] = std::byte{0x01};
    block[keccak_block_bytes - 1] |= std::byte{0x80};
}

/// The states of all ways and what each is busy with. A way whose input ends takes the next one.
class KeccakBatch {
public:
    KeccakBatch(const KeccakWays& by, std::span<const Bytes> inputs, std::span<Hash256> outputs)
        : by_(by), inputs_(inputs), outputs_(outputs) {
        for (std::size_t i = 0; i < by_.ways; ++i) blocks_[i] = last_blocks_[i].data();
    }

    void run() {
        while (done_ < inputs_.size()) {
            for (std::size_t i = 0; i < by_.ways; ++i) prepare(i);
            by_.absorb(state_, keep_, blocks_);
            for (std::size_t i = 0; i < by_.ways; ++i) {
                if (ways_[i].at_last) finish(i);
            }
        }
    }

private:
    /// Assigned member by member: a load of what was just stored in other pieces has to wait.
    struct Way {
        Bytes left;
        std::size_t input = 0;
        bool busy = false;
        bool at_last = false;
    };

    /// Finds the next block of a way. One without an input works on any block, for nothing.
    void prepare(std::size_t i) {
        Way& way = ways_[i];
        keep_[i] = way.busy ? ~std::uint64_t{0} : 0;
        if (!way.busy) {
            if (next_ == inputs_.size()) return;
            way.busy = true;
            way.input = next_;
            way.left = inputs_[next_++];
        }
        if (way.left.size() >= keccak_block_bytes) {
            blocks_[i] = way.left.data();
            way.left = way.left.subspan(keccak_block_bytes);
        } else {
            pad(last_blocks_[i], way.left);
            blocks_[i] = last_blocks_[i].data();
            way.at_last = true;
        }
    }

    void finish(std::size_t i) {
        Hash256& out = outputs_[ways_[i].input];
        for (std::size_t word = 0; word < out.size() / 8; ++word) {
            const auto digits = keccak::load_little<std::uint64_t>(&state_[by_.ways * word + i]);
            std::memcpy(out.data() + 8 * word, &digits, 8);
        }
        ways_[i].busy = ways_[i].at_last = false;
        ++done_;
    }

    const KeccakWays& by_;
    std::span<const Bytes> inputs_;
    std::span<Hash256> outputs_;
    std::size_t next_ = 0;
    std::size_t done_ = 0;
    alignas(64) std::uint64_t state_[KeccakWays::state_words * KeccakWays::ways_max]{};
    alignas(64) std::uint64_t keep_[KeccakWays::ways_max]{};
    const std::byte* blocks_[KeccakWays::ways_max]{};
    ByteArray<keccak_block_bytes> last_blocks_[KeccakWays::ways_max]{};
    Way ways_[KeccakWays::ways_max];
};

struct Implementations {
    std::array<const KeccakWays*, 3> all{&keccak_scalar};
    std::size_t count = 1;

    Implementations() {
#ifdef __x86_64__
        if (__builtin_cpu_supports("avx2")) add(keccak_avx2);
        if (__builtin_cpu_supports("avx512f")) add(keccak_avx512);
#endif
    }
    void add(const KeccakWays& implementation) {
        if (implementation.absorb != nullptr) all[count++] = &implementation;
    }
};

}  // namespace

std::span<const KeccakWays* const> keccak_implementations() {
    static const Implementations found;
    return std::span{found.all}.first(found.count);
}

void keccak256_each(const KeccakWays& by, std::span<const Bytes> inputs,
                    std::span<Hash256> outputs) {
    assert(inputs.size() == outputs.size());
    KeccakBatch{by, inputs, outputs}.run();
}

void keccak256_each(std::span<const Bytes> inputs, std::span<Hash256> outputs) {
    // A single input gains nothing by wide states, and loses with AVX2.
    const auto* by = inputs.size() == 1 ? &keccak_scalar : keccak_implementations().back();
    keccak256_each(*by, inputs, outputs);
}

}  // namespace parley::crypto
