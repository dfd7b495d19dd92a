// A signer that refuses to sign twice, whoever asks and whatever happened to it before.
#include <parley/chain/consensus/qbft/signing/guarded_signer.hpp>

#include <parley/chain/consensus/qbft/signing/test_requests.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;

namespace {

std::string hex_at(const View& view, std::uint8_t value) {
    return "0x" + to_hex(hash_at(view, value));
}

}  // namespace

TEST_CASE("signer: a whole height is signed, each step as often as it is asked for") {
    SignerOnDisk own;
    for (const auto& request :
         {propose({5, 0}, 1), prepare({5, 0}, 1), commit({5, 0}, 1), change({5, 1}, 0, 1),
          propose({5, 1}, 1), prepare({5, 1}, 1), commit({5, 1}, 1), prepare({6, 0}, 2),
          change({6, 3}), prepare({6, 3}, 2), propose({9, 0}, 3)}) {
        CHECK(own.ask(request) == "signed");
        CHECK(own.ask(request) == "signed");
        own.start();  // killed after it wrote, before it answered: the node asks again
        CHECK(own.ask(request) == "signed");
    }
}

TEST_CASE("signer: the block of a round is one for each step") {
    const View view{5, 2};
    SignerOnDisk own;
    const auto refusal = [&](const char* kind) {
        return fmt::format("block 5, round 2: it signed a {} of {}, and none of {} can follow",
                           kind, hex_at(view, 1), hex_at(view, 2));
    };
    REQUIRE(own.ask(propose(view, 1)) == "signed");
    CHECK(own.ask(propose(view, 2)) == refusal("Proposal"));
    REQUIRE(own.ask(prepare(view, 1)) == "signed");
    CHECK(own.ask(prepare(view, 2)) == refusal("Prepare"));
    REQUIRE(own.ask(commit(view, 1)) == "signed");
    CHECK(own.ask(commit(view, 2)) == refusal("Commit"));
    own.start();
    CHECK(own.ask(propose(view, 2)) == refusal("Proposal"));
    CHECK(own.ask(prepare(view, 2)) == refusal("Prepare"));
    CHECK(own.ask(commit(view, 2)) == refusal("Commit"));
    // The same again does not undo it.
    CHECK(own.ask(commit(view, 1)) == "signed");
    CHECK(own.ask(commit(view, 2)) == refusal("Commit"));
}

TEST_CASE("signer: nothing below what was signed") {
    SignerOnDisk own;
    REQUIRE(own.ask(change({5, 2})) == "signed");
    CHECK(own.ask(prepare({5, 1}, 1)) == "block 5, round 1 is over: it signed at block 5, round 2");
    CHECK(own.ask(commit({5, 1}, 1)) == "block 5, round 1 is over: it signed at block 5, round 2");
    CHECK(own.ask(change({5, 1})) == "block 5, round 1 is over: it signed at block 5, round 2");
    CHECK(own.ask(propose({4, 7}, 1)) == "block 4, round 7 is over: it signed at block 5, round 2");
    CHECK(own.ask(prepare({5, 2}, 1)) == "signed");
}

TEST_CASE("signer: who committed says so when rounds change") {
    SignerOnDisk own;
    REQUIRE(own.ask(commit({5, 1}, 1)) == "signed");
    const auto refusal = [](std::uint32_t round, const std::string& names) {
        return fmt::format(
            "block 5, round {}: it committed to {} of round 1, and the change of round names {}",
            round, hex_at({5, 1}, 1), names);
    };
    const auto named = [](std::uint32_t round, std::uint8_t value) {
        return fmt::format("{} of round {}", hex_at({5, 0}, value), round);
    };
    CHECK(own.ask(change({5, 2})) == refusal(2, "no block"));
    CHECK(own.ask(change({5, 2}, 0, 1)) == refusal(2, named(0, 1)));
    CHECK(own.ask(change({5, 2}, 1, 2)) == refusal(2, named(1, 2)));
    CHECK(own.ask(prepare({5, 2}, 2)) == "signed");  // others may have shown that it may
    own.start();
    CHECK(own.ask(change({5, 3})) == refusal(3, "no block"));
    CHECK(own.ask(change({5, 3}, 1, 1)) == "signed");
    CHECK(own.ask(change({5, 3}, 2, 2)) ==
          fmt::format("block 5, round 3: it signed a change of round with {}, and none with {} can "
                      "follow",
                      named(1, 1), named(2, 2)));
    CHECK(own.ask(change({5, 4}, 2, 2)) == "signed");  // prepared later
    CHECK(own.ask(change({6, 1})) == "signed");        // of another block
}

TEST_CASE("signer: a change of round shows an earlier round") {
    SignerOnDisk own;
    CHECK(own.ask(change({5, 2}, 2, 1)) ==
          "block 5, round 2: a change of round with a block of round 2, expected an earlier round");
}

TEST_CASE("signer: what it signs it reads itself") {
    SignerOnDisk own;
    auto commit_to = [](Block block) {
        return SigningRequest{CommitToSeal{{5, 0}, std::move(block.header)}};
    };
    CHECK(own.ask(commit_to(block_at({6, 0}, 1))) == "block 6, expected 5");
    auto block = block_at({5, 0}, 1);
    block.header.extra_data = {};
    CHECK(own.ask(commit_to(block)).starts_with("extra data: extra data: RLP is truncated"));
    CHECK(own.ask({Proposed{{5, 0}, SharedBytes::own(block_at({5, 1}, 1).encode())}}) ==
          "a block of round 1, expected round 0 and no seals");
    CHECK(own.ask({Proposed{{5, 0}, SharedBytes::own(block_at({4, 0}, 1).encode())}}) ==
          "block 4, expected 5");
    CHECK(own.ask({Proposed{{5, 0}, SharedBytes::copy(*from_hex("c0"))}}) ==
          "block: RLP list ends after 0 items, 1 wanted");
    CHECK_FALSE(own.signer->latest());
    // Seals of the header and its round change nothing: they are not what is sealed.
    auto sealed = block_at({5, 7}, 1);
    REQUIRE(own.ask(commit_to(sealed)) == "signed");
    CHECK(own.ask(commit_to(block_at({5, 0}, 1))) == "signed");
}

TEST_CASE("signer: nothing leaves it that is not on disk") {
    SignerOnDisk own;
    REQUIRE(own.ask(prepare({5, 0}, 1)) == "signed");
    CHECK(own.first.syncs == 1);
    own.ask(prepare({5, 0}, 1));
    CHECK(own.first.syncs == 1);  // it is there
    own.first.is_full = true;
    const auto refused = own.signer->sign(prepare({6, 0}, 1));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == SigningError::Kind::away);
    CHECK(refused.error().why == "what is signed cannot be written down: the store is full");
    own.first.is_full = false;
    // What is at the end of the file is not known before it is read.
    CHECK(own.ask(prepare({6, 0}, 1)) ==
          "what is signed cannot be written down: the store is full");
    own.start();
    CHECK(own.ask(prepare({6, 0}, 1)) == "signed");
}

TEST_CASE("signer: its record, cut at any byte, is the one before") {
    SignerOnDisk own;
    std::vector<std::uint64_t> ends;
    for (const auto& request : {prepare({5, 0}, 1), commit({5, 0}, 1), change({5, 1}, 0, 1)}) {
        REQUIRE(own.ask(request) == "signed");
        ends.push_back(own.first.size_bytes());
    }
    const auto bytes = *own.first.read(0, own.first.size_bytes());
    for (auto size = ends[0]; size <= bytes.size(); ++size) {
        CAPTURE(size);
        MemoryLog cut, second;
        REQUIRE(cut.append(Bytes{bytes}.first(size)));
        const auto log = SigningLog::open(cut, second);
        REQUIRE(log);
        REQUIRE(log->latest());
        CHECK(log->latest()->prepared.has_value() == (size < ends[2]));
        CHECK(log->latest()->locked.has_value() == (size >= ends[1]));
        CHECK(log->latest()->change.has_value() == (size == ends[2]));
    }
}

TEST_CASE("signer: a record that is damaged before its end is not forgotten") {
    SignerOnDisk own;
    for (std::uint64_t height = 1; height < 9; ++height) {
        REQUIRE(own.ask(prepare({height, 0}, 1)) == "signed");
    }
    auto bytes = *own.first.read(0, own.first.size_bytes());
    bytes[20] ^= std::byte{1};
    MemoryLog damaged, second;
    REQUIRE(damaged.append(bytes));
    const auto log = SigningLog::open(damaged, second);
    REQUIRE_FALSE(log);
    CHECK(log.error().code == StoreErrc::corrupt);
    CHECK(damaged.size_bytes() == bytes.size());
}

TEST_CASE("signer: its two files take turns, and stay small") {
    SignerOnDisk own;
    for (std::uint64_t height = 1; height < 3'000; ++height) {
        REQUIRE(own.ask(prepare({height, 0}, 1)) == "signed");
        if (height % 100 == 0) own.start();
        CHECK(own.ask(prepare({height, 0}, 2)) != "signed");
    }
    CHECK(own.first.size_bytes() > 0);
    CHECK(own.second.size_bytes() > 0);
    CHECK(own.first.size_bytes() < SigningLog::file_bytes_max + 400);
    CHECK(own.second.size_bytes() < SigningLog::file_bytes_max + 400);
}
