#include <parley/transport/handshake/fork_id.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <string_view>

namespace parley::transport {

namespace {

ForkRules mainnet(std::uint64_t head) {
    return {array_from_hex<32>("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3")
                .value(),
            {1150000, 1920000, 2463000, 2675000, 4370000, 7280000},
            head};
}

/// With the forks to Cancun.
ForkRules mainnet_today(std::uint64_t head, std::uint64_t head_time) {
    auto rules = mainnet(head);
    rules.forks.insert(rules.forks.end(),
                       {9069000, 9200000, 12244000, 12965000, 13773000, 15050000});
    rules.fork_times = {1681338455, 1710338135};
    rules.head_time = head_time;
    return rules;
}

ForkRules ropsten(std::uint64_t head) {
    return {array_from_hex<32>("41941023680923e0fe4d74a34bdac8141f2540e3ae90623718e47d66d1ca4a2d")
                .value(),
            {10, 1700000, 4230000, 4939394, 6485846},
            head};
}

ForkRules rinkeby(std::uint64_t head) {
    return {array_from_hex<32>("6341fd3daf94b748c72ced5a5b26028f2474f5f00d824504e4fa37a75767e177")
                .value(),
            {1, 2, 3, 1035301, 3660663, 4321234},
            head};
}

ForkRules goerli(std::uint64_t head) {
    return {array_from_hex<32>("bf7e331f7f7c1dd2e05159666b3bf8bc7a8a3a9eb1d518969eab529dd9b88c1a")
                .value(),
            {0, 0, 0},
            head};
}

ForkId id(std::string_view hash, std::uint64_t next) {
    return {array_from_hex<4>(hash).value(), next};
}

constexpr auto far = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("fork id: the published identifiers") {
    struct Row {
        ForkRules rules;
        ForkId expected;
    };
    const Row rows[] = {
        {mainnet(0), id("fc64ec04", 1150000)},
        {mainnet(1149999), id("fc64ec04", 1150000)},
        {mainnet(1150000), id("97c2c34c", 1920000)},
        {mainnet(1919999), id("97c2c34c", 1920000)},
        {mainnet(1920000), id("91d1f948", 2463000)},
        {mainnet(2462999), id("91d1f948", 2463000)},
        {mainnet(2463000), id("7a64da13", 2675000)},
        {mainnet(2674999), id("7a64da13", 2675000)},
        {mainnet(2675000), id("3edd5b10", 4370000)},
        {mainnet(4369999), id("3edd5b10", 4370000)},
        {mainnet(4370000), id("a00bc324", 7280000)},
        {mainnet(7279999), id("a00bc324", 7280000)},
        {mainnet(7280000), id("668db0af", 0)},
        {mainnet(7987396), id("668db0af", 0)},
        {ropsten(0), id("30c7ddbc", 10)},
        {ropsten(9), id("30c7ddbc", 10)},
        {ropsten(10), id("63760190", 1700000)},
        {ropsten(1700000), id("3ea159c7", 4230000)},
        {ropsten(4230000), id("97b544f3", 4939394)},
        {ropsten(4939394), id("d6e2149b", 6485846)},
        {ropsten(6485846), id("4bc66396", 0)},
        {rinkeby(0), id("3b8e0691", 1)},
        {rinkeby(1), id("60949295", 2)},
        {rinkeby(2), id("8bde40dd", 3)},
        {rinkeby(3), id("cb3a64bb", 1035301)},
        {rinkeby(1035301), id("8d748b57", 3660663)},
        {rinkeby(3660663), id("e49cab14", 4321234)},
        {rinkeby(4321234), id("afec6b27", 0)},
        {goerli(0), id("a3f5ab08", 0)},
        {goerli(795329), id("a3f5ab08", 0)},
    };
    for (const auto& row : rows) {
        const auto made = fork_id(row.rules);
        CAPTURE(row.rules.head);
        CAPTURE(to_hex(row.expected.hash));
        CHECK(to_hex(made.hash) == to_hex(row.expected.hash));
        CHECK(made.next == row.expected.next);
    }
}

TEST_CASE("fork id: after the blocks come the times (EIP-6122)") {
    struct Row {
        std::uint64_t head, head_time;
        ForkId expected;
    };
    const Row rows[] = {
        {0, 0, id("fc64ec04", 1150000)},
        {15'049'999, 1'656'586'434, id("20c327fc", 15'050'000)},
        {15'050'000, 1'656'586'444, id("f0afd0e3", 1'681'338'455)},
        {17'034'869, 1'681'338'443, id("f0afd0e3", 1'681'338'455)},
        {17'034'870, 1'681'338'455, id("dce96c2d", 1'710'338'135)},
        {19'426'586, 1'710'338'123, id("dce96c2d", 1'710'338'135)},
        {19'426'587, 1'710'338'135, id("9f3d2254", 0)},
    };
    for (const auto& row : rows) {
        CAPTURE(row.head);
        CHECK(fork_id(mainnet_today(row.head, row.head_time)) == row.expected);
    }
    const auto ours = mainnet_today(19'426'587, 1'710'338'135);
    CHECK(fork_compatible(ours, id("dce96c2d", 1'710'338'135)));
    // It passed the time of Cancun, and so did we.
    CHECK_FALSE(fork_compatible(ours, id("dce96c2d", 0)));
    CHECK_FALSE(fork_compatible(ours, id("9f3d2254", 1'710'338'000)));
    CHECK(fork_compatible(ours, id("9f3d2254", 1'746'612'311)));
    CHECK(fork_compatible(mainnet_today(17'034'870, 1'681'338'455), id("9f3d2254", 0)));
}

TEST_CASE("fork id: several forks in one block are one fork") {
    auto rules = mainnet(1920000);
    rules.forks = {0, 1150000, 1920000, 1920000, 1920000, 2463000};
    CHECK(fork_id(rules) == id("91d1f948", 2463000));
}

TEST_CASE("fork id: the published validation cases") {
    struct Row {
        std::uint64_t head;
        ForkId theirs;
        bool compatible;
        std::string_view why;
    };
    const Row rows[] = {
        {7987396, id("668db0af", 0), true, "same state, no fork announced"},
        {7987396, id("668db0af", far), true, "same state, an unknown fork far ahead"},
        {7279999, id("a00bc324", 0), true, "same state, the peer lacks an update"},
        {7279999, id("a00bc324", 7280000), true, "same state, same next fork"},
        {7279999, id("a00bc324", far), true, "same state, another fork far ahead"},
        {7987396, id("a00bc324", 7280000), true, "the peer is behind and knows its next fork"},
        {7987396, id("3edd5b10", 4370000), true, "the peer is two forks behind"},
        {7279999, id("668db0af", 0), true, "we are behind"},
        {4369999, id("a00bc324", 0), true, "we are behind; the peer lacks a later update"},
        {7987396, id("a00bc324", 0), false, "the peer is behind and does not know its next fork"},
        {7987396, id("5cddc0e1", 0), false, "the peer passed a fork that we do not know"},
        {7279999, id("5cddc0e1", 0), false, "the same while we are behind"},
        {7987396, id("afec6b27", 0), false, "another network"},
        {88888888, id("668db0af", 88888888), false, "a fork that we passed without it"},
        {7279999, id("a00bc324", 7279999), false, "the same while we are behind"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.why);
        CHECK(fork_compatible(mainnet(row.head), row.theirs) == row.compatible);
    }
}

TEST_CASE("fork id: a peer that runs the same rules is compatible at any two heads") {
    const std::uint64_t heads[] = {0, 1149999, 1150000, 2500000, 4370000, 7280000, 9000000};
    for (const auto ours : heads) {
        for (const auto theirs : heads) {
            CAPTURE(ours);
            CAPTURE(theirs);
            CHECK(fork_compatible(mainnet(ours), fork_id(mainnet(theirs))));
            CHECK_FALSE(fork_compatible(mainnet(ours), fork_id(ropsten(theirs))));
        }
    }
}

}  // namespace parley::transport
