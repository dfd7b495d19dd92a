#include <parley/crypto/keccak_batch.hpp>

#include <parley/base/rng.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/crypto/keccak_ways.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::crypto;

namespace {

Buffer random_bytes(std::size_t size, Rng& rng) {
    Buffer out(size);
    for (auto& b : out) b = static_cast<std::byte>(rng.below(256));
    return out;
}

std::vector<Hash256> one_by_one(std::span<const Bytes> inputs) {
    std::vector<Hash256> out;
    for (const Bytes input : inputs) out.push_back(keccak256(input));
    return out;
}

/// What each implementation makes of the inputs must be `expected`.
void check_all(std::span<const Bytes> inputs, std::span<const Hash256> expected) {
    for (const auto* by : keccak_implementations()) {
        std::vector<Hash256> outputs(inputs.size());
        keccak256_each(*by, inputs, outputs);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            if (outputs[i] == expected[i]) continue;
            FAIL_CHECK(std::string{by->name} << ": input " << i << " of " << inputs.size()
                                             << ", bytes: " << inputs[i].size());
        }
    }
}

}  // namespace

TEST_CASE("batches of Keccak-256: what is known of the empty input and abc") {
    const std::vector<Bytes> inputs{{}, bytes_of("abc")};
    for (const auto* by : keccak_implementations()) {
        CAPTURE(by->name);
        std::vector<Hash256> outputs(2);
        keccak256_each(*by, inputs, outputs);
        CHECK(to_hex(outputs[0]) ==
              "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        CHECK(to_hex(outputs[1]) ==
              "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    }
}

TEST_CASE("batches of Keccak-256: 1 to 40 inputs of 0 to 600 bytes") {
    Rng rng{1};
    std::vector<Buffer> buffers;
    for (std::size_t size = 0; size <= 600; ++size) buffers.push_back(random_bytes(size, rng));
    std::vector<Bytes> inputs{buffers.begin(), buffers.end()};
    for (std::size_t count = 1; count <= 40; ++count) {
        rng.shuffle(inputs);
        const auto expected = one_by_one(inputs);
        for (std::size_t first = 0; first < inputs.size(); first += count) {
            const auto n = std::min(count, inputs.size() - first);
            check_all(std::span{inputs}.subspan(first, n), std::span{expected}.subspan(first, n));
        }
    }
}

TEST_CASE("batches of Keccak-256: one size each, at the edges of blocks") {
    Rng rng{2};
    for (const auto size :
         std::vector<std::size_t>{0, 1, 127, 128, 135, 136, 137, 271, 272, 273, 532}) {
        std::vector<Buffer> buffers;
        for (std::size_t i = 0; i < 17; ++i) buffers.push_back(random_bytes(size, rng));
        const std::vector<Bytes> inputs{buffers.begin(), buffers.end()};
        check_all(inputs, one_by_one(inputs));
    }
}

TEST_CASE("batches of Keccak-256: a long input between short ones, and a thousand in all") {
    Rng rng{3};
    std::vector<Buffer> buffers;
    for (std::size_t i = 0; i < 1000; ++i) {
        buffers.push_back(random_bytes(70 + static_cast<std::size_t>(rng.below(46)), rng));
    }
    buffers[500] = random_bytes(20'000, rng);
    buffers.push_back(random_bytes(5'000, rng));
    const std::vector<Bytes> inputs{buffers.begin(), buffers.end()};
    check_all(inputs, one_by_one(inputs));
}

TEST_CASE("batches of Keccak-256: the widest implementation is the last, and needs no name") {
    const auto implementations = keccak_implementations();
    REQUIRE(!implementations.empty());
    CHECK(implementations.front() == &keccak_scalar);
    CHECK(std::ranges::is_sorted(implementations, {}, [](const auto* by) { return by->ways; }));
    const std::vector<Bytes> inputs(20, bytes_of("the same bytes"));
    std::vector<Hash256> outputs(20);
    keccak256_each(inputs, outputs);
    CHECK(outputs == std::vector<Hash256>(20, keccak256(bytes_of("the same bytes"))));
    keccak256_each(std::span{inputs}.first(1), std::span{outputs}.first(1));
    CHECK(outputs[0] == outputs[1]);
    keccak256_each({}, {});
}
