#include <parley/discovery/discv5/kbuckets.hpp>

#include <parley/discovery/discv5/test_network.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace parley;
using namespace parley::discovery::discv5;
using discovery::discv5::test::endpoint_in;

namespace {

constexpr Id self{};

struct Rig {
    KBuckets buckets{self, true};
    Rng rng{1};

    TableEntry entry(unsigned distance, std::uint32_t group, bool met = false) {
        TableEntry out;
        out.contact = {random_at_distance(self, distance, rng), endpoint_in(group), 1, {}};
        out.met = met;
        return out;
    }
    /// As a table would: enters, or waits, as far as limits go.
    bool add(const TableEntry& entry) {
        auto& bucket = buckets.make_bucket(entry.contact.id);
        if (!buckets.may_enter(bucket, entry)) return false;
        if (!bucket.full()) return &buckets.enter(bucket, entry) == &bucket.entries.back();
        return buckets.may_wait(bucket, entry) && buckets.wait(bucket, entry);
    }
};

}  // namespace

TEST_CASE("an entry stands in the bucket of its log distance") {
    Rig rig;
    const auto far = rig.entry(256, 1);
    const auto near = rig.entry(250, 2);
    CHECK(rig.buckets.bucket_of(far.contact.id) == nullptr);
    REQUIRE(rig.add(far));
    CHECK(rig.buckets.all().size() == 1);
    CHECK(rig.buckets.at_distance(250) == nullptr);
    REQUIRE(rig.add(near));
    CHECK(rig.buckets.all().size() == 7);
    CHECK(rig.buckets.at_distance(250) == &rig.buckets.all()[6]);
    CHECK(rig.buckets.find(near.contact.id) == &rig.buckets.all()[6].entries[0]);
    CHECK(rig.buckets.entries() == 2);
    auto& bucket = *rig.buckets.bucket_of(far.contact.id);
    const auto left = rig.buckets.leave(bucket, bucket.entries.begin());
    CHECK(left.contact.id == far.contact.id);
    CHECK(rig.buckets.find(far.contact.id) == nullptr);
    CHECK(rig.buckets.entries() == 1);
}

TEST_CASE("of those that wait the oldest leaves first, one that was met after all others") {
    Rig rig;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < KBuckets::entries_max; ++i) {
        REQUIRE(rig.add(rig.entry(256, group++)));
    }
    const auto oldest = rig.entry(256, group++);
    const auto met = rig.entry(256, group++, true);
    REQUIRE(rig.add(oldest));
    REQUIRE(rig.add(met));
    while (rig.buckets.replacements() < KBuckets::replacements_max) {
        REQUIRE(rig.add(rig.entry(256, group++)));
    }
    auto& waiting = rig.buckets.all()[0].replacements;
    const auto waits = [&](const TableEntry& one) {
        return KBuckets::place_of(waiting, one.contact.id) != waiting.end();
    };
    REQUIRE(rig.add(rig.entry(256, group++)));
    CHECK_FALSE(waits(oldest));
    for (std::size_t i = 0; i < KBuckets::replacements_max; ++i) {
        REQUIRE(rig.add(rig.entry(256, group++, i > 0)));
    }
    CHECK(waits(met));
    CHECK(std::ranges::all_of(waiting, &TableEntry::met));
    CHECK_FALSE(rig.add(rig.entry(256, group++)));
    REQUIRE(rig.add(rig.entry(256, group++, true)));
    CHECK_FALSE(waits(met));
    CHECK(rig.buckets.replacements() == KBuckets::replacements_max);
}

TEST_CASE("a group's limit counts those that wait, which give way to an entry") {
    Rig rig;
    std::uint32_t group = 1;
    for (std::size_t i = 0; i < KBuckets::entries_max; ++i) {
        REQUIRE(rig.add(rig.entry(256, group++)));
    }
    constexpr std::uint32_t crowded = 0;
    REQUIRE(rig.add(rig.entry(256, crowded)));
    REQUIRE(rig.add(rig.entry(256, crowded)));
    CHECK_FALSE(rig.add(rig.entry(256, crowded)));
    CHECK(rig.buckets.replacements() == 2);
    for (unsigned distance = 255; distance > 255 - 4; --distance) {
        REQUIRE(rig.add(rig.entry(distance, crowded)));
        REQUIRE(rig.add(rig.entry(distance, crowded)));
        CHECK_FALSE(rig.add(rig.entry(distance, crowded)));
    }
    CHECK(rig.buckets.replacements() == 2);
    // Ten are in the table: for each further entry one that waits leaves.
    REQUIRE(rig.add(rig.entry(250, crowded)));
    CHECK(rig.buckets.replacements() == 1);
    REQUIRE(rig.add(rig.entry(250, crowded)));
    CHECK(rig.buckets.replacements() == 0);
    CHECK_FALSE(rig.add(rig.entry(240, crowded)));
    // As soon as one leaves, there is room again.
    auto& bucket = rig.buckets.make_bucket(rig.entry(250, 0).contact.id);
    rig.buckets.leave(bucket, bucket.entries.begin());
    CHECK(rig.add(rig.entry(240, crowded)));
}
