// What a validator wrote down before it said it, after kills and power cuts.
#include <parley/chain/consensus/qbft/record.hpp>

#include <parley/chain/consensus/qbft/test_signing.hpp>

#include <doctest/doctest.h>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using namespace parley::chain::qbft::testing;

namespace {

Hash256 digest_of(std::uint8_t value) {
    return {std::byte{value}};
}

Certificate certificate_of(std::uint64_t height, std::uint32_t round, std::size_t block_bytes) {
    rlp::Writer block;
    block.begin_list().string(Buffer(block_bytes)).end_list();
    const PreparedRound prepared{round, digest_of(7)};
    return {prepared,
            SharedBytes::own(block.take()),
            {sign(Prepare{{height, round}, prepared.digest}, 1),
             sign(Prepare{{height, round}, prepared.digest}, 2)}};
}

bool same(const Record& a, const Record& b) {
    const auto bytes = [](const Record& one) {
        return one.certificate ? to_buffer(Bytes{encode(*one.certificate)}) : Buffer{};
    };
    return a.view == b.view && a.proposed == b.proposed && a.prepared == b.prepared &&
           a.committed == b.committed && bytes(a) == bytes(b);
}

/// The steps of one height, in which a block is prepared in round 0 and again in round 1.
std::vector<Record> steps_of(std::uint64_t height, std::size_t block_bytes = 50) {
    std::vector<Record> out;
    Record record{.view = {height, 0}};
    record.prepared = digest_of(7);
    out.push_back(record);
    record.committed = digest_of(7);
    record.certificate = certificate_of(height, 0, block_bytes);
    out.push_back(record);
    record.view.round = 1;
    record.prepared.reset();
    record.committed.reset();
    out.push_back(record);
    record.proposed = digest_of(7);
    out.push_back(record);
    record.prepared = digest_of(7);
    out.push_back(record);
    record.committed = digest_of(7);
    record.certificate = certificate_of(height, 1, block_bytes);
    out.push_back(record);
    return out;
}

}  // namespace

TEST_CASE("the last record is there after a restart, whichever it is") {
    MemoryLog first;
    MemoryLog second;
    CHECK_FALSE(RecordLog::open(first, second)->latest());
    for (std::uint64_t height = 1; height < 5; ++height) {
        for (const auto& step : steps_of(height)) {
            auto log = RecordLog::open(first, second);
            REQUIRE(log);
            REQUIRE(log->write(step));
            const auto again = RecordLog::open(first, second);
            REQUIRE(again->latest());
            CHECK(same(*again->latest(), step));
        }
    }
}

TEST_CASE("cut at any byte, the record before is there") {
    MemoryLog whole;
    MemoryLog second;
    auto log = RecordLog::open(whole, second);
    std::vector<std::uint64_t> ends;
    const auto steps = steps_of(3);
    for (const auto& step : steps) {
        REQUIRE(log->write(step));
        ends.push_back(whole.size_bytes());
    }
    const auto bytes = *whole.read(0, whole.size_bytes());
    for (std::uint64_t size = 0; size <= bytes.size(); ++size) {
        CAPTURE(size);
        MemoryLog cut;
        REQUIRE(cut.append(Bytes{bytes}.first(size)));
        auto opened = RecordLog::open(cut, second);
        REQUIRE(opened);
        std::size_t there = 0;
        while (there < ends.size() && ends[there] <= size) ++there;
        REQUIRE(opened->latest().has_value() == (there > 0));
        if (there > 0) CHECK(same(*opened->latest(), steps[there - 1]));
        // And it goes on.
        REQUIRE(opened->write(steps.back()));
        CHECK(same(*RecordLog::open(cut, second)->latest(), steps.back()));
    }
}

TEST_CASE("a damaged record is none") {
    MemoryLog file;
    MemoryLog second;
    auto log = RecordLog::open(file, second);
    const auto steps = steps_of(3);
    REQUIRE(log->write(steps[0]));
    const auto first_end = file.size_bytes();
    REQUIRE(log->write(steps[1]));
    auto bytes = *file.read(0, file.size_bytes());
    bytes[first_end + 40] ^= std::byte{1};
    MemoryLog damaged;
    REQUIRE(damaged.append(bytes));
    CHECK(same(*RecordLog::open(damaged, second)->latest(), steps[0]));
    CHECK(damaged.size_bytes() == first_end);
}

TEST_CASE("files take turns, and stay small") {
    MemoryLog first;
    MemoryLog second;
    auto log = RecordLog::open(first, second);
    constexpr std::size_t block_bytes = 300'000;
    for (std::uint64_t height = 1; height < 60; ++height) {
        for (const auto& step : steps_of(height, block_bytes)) REQUIRE(log->write(step));
        CHECK(
            same(*RecordLog::open(first, second)->latest(), steps_of(height, block_bytes).back()));
    }
    // Two blocks a height, since two rounds prepared one.
    CHECK(first.size_bytes() < RecordLog::file_bytes_max + 3 * block_bytes);
    CHECK(second.size_bytes() < RecordLog::file_bytes_max + 3 * block_bytes);
    CHECK(first.size_bytes() > 0);
    CHECK(second.size_bytes() > 0);
}
