#include "harness.hpp"
#include "keccak.hpp"
#include <parley/base/rng.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/keccak_batch.hpp>
#include <parley/crypto/keccak_ways.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace parley::bench {

namespace {

constexpr std::size_t inputs_count = 2'000;  ///< as many as a level of a trie may have
constexpr std::size_t rounds = 100;

class KeccakInputs {
public:
    explicit KeccakInputs(std::size_t input_bytes) {
        Rng rng{1};
        for (std::size_t i = 0; i < inputs_count; ++i) {
            Buffer& input = buffers_.emplace_back(input_bytes);
            for (auto& b : input) b = static_cast<std::byte>(rng.below(256));
        }
        inputs_.assign(buffers_.begin(), buffers_.end());
    }

    /// `hash(inputs, outputs)`, over and over.
    template <class Hash>
    double rate(const Hash& hash) {
        std::vector<Hash256> outputs(inputs_count);
        const double start = thread_seconds_now();
        for (std::size_t i = 0; i < rounds; ++i) hash(inputs_, outputs);
        const double seconds = thread_seconds_now() - start;
        if (outputs.back() != crypto::keccak256(inputs_.back())) {
            throw std::runtime_error{"a wrong hash"};
        }
        return static_cast<double>(rounds * inputs_count) / seconds;
    }

private:
    std::vector<Buffer> buffers_;
    std::vector<Bytes> inputs_;
};

}  // namespace

double keccak_batch(std::size_t input_bytes) {
    return KeccakInputs{input_bytes}.rate(
        [](std::span<const Bytes> inputs, std::span<Hash256> outputs) {
            crypto::keccak256_each(inputs, outputs);
        });
}

double keccak_in_turn(std::size_t input_bytes) {
    return KeccakInputs{input_bytes}.rate(
        [](std::span<const Bytes> inputs, std::span<Hash256> outputs) {
            for (std::size_t i = 0; i < inputs.size(); ++i) {
                outputs[i] = crypto::keccak256(inputs[i]);
            }
        });
}

std::string keccak_limit() {
    return fmt::format("the same inputs one after another; ours by {}",
                       crypto::keccak_implementations().back()->name);
}

}  // namespace parley::bench
