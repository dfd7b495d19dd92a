// How a light node follows a chain: by skipping and by walking, from whom, and whom it believes.
#include <parley/chain/light/follower.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/light/test_headers.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::light::testing;
using std::chrono::seconds;

namespace {

using PeerId = Follower::PeerId;
/// What a full node answers, newest first; nothing: it does not.
using Server = std::function<std::optional<std::vector<Header>>(const GetHeaders&)>;

Server honest(const TestHeaders& chain) {
    return [&chain](const GetHeaders& question) -> std::optional<std::vector<Header>> {
        std::vector<Header> out;
        for (auto number = question.last; number < chain.all.size() && out.size() < question.count;
             --number) {
            out.push_back(chain.at(number));
            if (number == 0) break;
        }
        return out;
    };
}

/// A light node among full nodes, whose answers come at once.
struct Rig {
    explicit Rig(const TestHeaders& chain, FollowerConfig config = {}, TrustConfig trust = {},
                 std::uint64_t start = 0)
        : trust_(std::make_shared<const Trust>(trust, chain.engine)),
          follower(
              config, trust_, [this](std::uint64_t number) { return at(number); },
              chain.all[start]) {
        now.unix_time = chain.time();
        keep({chain.at(start), chain.all[start].hash}, KeepSeals::quorum);
    }

    std::optional<Follower::Known> at(std::uint64_t number) const {
        const auto found = kept.find(number);
        return found == kept.end() ? std::nullopt : std::optional{found->second};
    }
    void keep(const Follower::Known& known, KeepSeals seals) {
        CHECK(kept.try_emplace(known.header.number, known).second);
        if (seals == KeepSeals::quorum) ++sealed;
    }
    void add(PeerId peer, const TestHeaders& chain, Server server) {
        servers[peer] = std::move(server);
        follower.add_peer(peer);
        tell(peer, chain);
    }
    void tell(PeerId peer, const TestHeaders& chain) {
        const auto& last = chain.all.back();
        Follower::Effects out;
        follower.on_status(now, peer, {last.header.number, last.hash, {}}, out);
        perform(std::move(out));
    }
    void perform(Follower::Effects first) {
        std::deque<Follower::Effect> todo{std::make_move_iterator(first.begin()),
                                          std::make_move_iterator(first.end())};
        while (!todo.empty()) {
            auto effect = std::move(todo.front());
            todo.pop_front();
            Follower::Effects out;
            std::visit(
                overloaded{[&](Follower::Ask& one) {
                               asked.push_back(one);
                               auto answer = servers.at(one.peer)(one.question);
                               if (!answer) return;
                               follower.on_headers(now, one.peer, one.question.id,
                                                   std::move(*answer), out);
                           },
                           [&](Follower::Check& one) {
                               one.run();
                               follower.on_checked(now, std::move(one), out);
                           },
                           [&](Follower::Keep& one) {
                               for (const auto& known : one.headers) keep(known, one.seals);
                           },
                           [&](Follower::Charge& one) { charged.emplace_back(one.peer, one.why); },
                           [&](Follower::Conflict& one) { conflicts.push_back(one); },
                           [&](Follower::Warn& one) { warnings.push_back(one.what); },
                           [&](Follower::Moved&) { ++moves; }},
                effect);
            std::ranges::move(out, std::back_inserter(todo));
        }
    }
    /// Until nothing is wanted for longer than that.
    void run(Duration time) {
        const auto end = now.instant + time;
        while (follower.next_wakeup() <= end) {
            const auto at = follower.next_wakeup();
            now.unix_time += std::chrono::duration_cast<UnixTime::duration>(
                std::max(at, now.instant) - now.instant);
            now.instant = std::max(at, now.instant);
            Follower::Effects out;
            follower.on_timer(now, out);
            perform(std::move(out));
            REQUIRE(follower.next_wakeup() > now.instant);  // else it is woken up in vain
        }
    }
    void check_all(const TestHeaders& chain, std::uint64_t start = 0) const {
        CHECK(follower.head().hash == chain.all.back().hash);
        CHECK(follower.missing() == 0);
        CHECK(kept.size() == chain.all.size() - start);
        for (const auto& [number, known] : kept) {
            CHECK(known.hash == chain.all[number].hash);
            CHECK(known.header == chain.at(number));
        }
    }

    std::shared_ptr<const Trust> trust_;
    Now now{};
    std::map<std::uint64_t, Follower::Known> kept;
    std::map<PeerId, Server> servers;
    std::vector<Follower::Ask> asked;
    std::vector<std::pair<PeerId, std::string>> charged;
    std::vector<Follower::Conflict> conflicts;
    std::vector<std::string> warnings;
    std::size_t moves = 0;
    std::size_t sealed = 0;
    Follower follower;
};

using Charges = std::vector<std::pair<PeerId, std::string>>;

}  // namespace

TEST_CASE("by skipping, one header is checked by its seals, and all below it by their hashes") {
    TestHeaders chain{4};
    chain.grow_by(1'000);
    Rig rig{chain};
    rig.add(1, chain, honest(chain));
    rig.check_all(chain);
    CHECK(rig.sealed == 2);  // with the genesis
    CHECK(rig.moves == 1);
    CHECK(rig.asked.size() == 1 + 8);  // 999 headers by 128
    // Then one after the other, as they come.
    for (int i = 0; i < 3; ++i) {
        chain.grow();
        rig.now.unix_time = chain.time();
        rig.tell(1, chain);
    }
    rig.check_all(chain);
    CHECK(rig.moves == 4);
    CHECK(rig.sealed == 5);
    CHECK(rig.charged.empty());
}

TEST_CASE("where the validators changed it goes by way of headers between") {
    TestHeaders chain{4};
    for (std::uint64_t i = 0; i < 6; ++i) {
        chain.grow_by(100);
        chain.change(11 + i, true);
        chain.change(i < 4 ? 1 + i : 7 + i, false);
    }
    chain.grow_by(50);
    Rig rig{chain};
    rig.add(1, chain, honest(chain));
    rig.check_all(chain);
    CHECK(rig.charged.empty());
    CHECK(rig.sealed > 3);
    CHECK(rig.sealed < 20);
}

TEST_CASE("who lies is charged, who is silent is set aside, and others are asked") {
    TestHeaders chain{4};
    chain.grow_by(300);
    TestHeaders other{4};
    other.grow_by(299);
    other.grow({}, Hash256{std::byte{1}});
    const auto unsealed = [&](const GetHeaders& question) {
        auto out = *honest(chain)(question);
        for (auto& header : out) header.state_root[5] ^= std::byte{1};
        return std::optional{out};
    };
    const auto wrong_number = [&](GetHeaders question) {
        --question.last;
        return honest(chain)(question);
    };
    const auto too_many = [&](GetHeaders question) {
        ++question.count;
        return honest(chain)(question);
    };
    const auto silent = [](const GetHeaders&) { return std::optional<std::vector<Header>>{}; };
    const auto empty = [](const GetHeaders&) { return std::optional{std::vector<Header>{}}; };
    Rig rig{chain};
    rig.add(1, chain, unsealed);
    rig.add(2, chain, wrong_number);
    rig.add(3, chain, too_many);
    rig.add(4, chain, silent);
    rig.add(5, chain, empty);
    rig.run(seconds{4});
    CHECK(rig.follower.head().header.number == 0);
    REQUIRE(rig.charged.size() == 3);
    CHECK(rig.charged[0].first == 1);
    CHECK(rig.charged[0].second.starts_with("invalid: a seal by "));
    CHECK(rig.charged[1] == std::pair{PeerId{2}, std::string{"headers of other numbers"}});
    CHECK(rig.charged[2] == std::pair{PeerId{3}, std::string{"headers of other numbers"}});
    rig.add(6, chain, honest(chain));
    rig.run(seconds{1});
    rig.check_all(chain);
}

TEST_CASE("a wrong header among those below is noticed, and the gap filled by another full node") {
    TestHeaders chain{4};
    chain.grow_by(200);
    Rig rig{chain};
    rig.add(1, chain, [&](const GetHeaders& question) {
        auto out = *honest(chain)(question);
        if (out.size() > 1) out[out.size() / 2].state_root[5] ^= std::byte{1};
        return std::optional{out};
    });
    CHECK(rig.follower.head().hash == chain.all.back().hash);
    CHECK(rig.charged == Charges{{1, "invalid: another header than the hash names"}});
    CHECK(rig.follower.missing() == 199);
    rig.add(2, chain, honest(chain));
    rig.check_all(chain);
}

TEST_CASE("an answer that nobody asked for is charged, a late one is not") {
    TestHeaders chain{4};
    chain.grow_by(10);
    Rig rig{chain};
    rig.add(1, chain, [](const GetHeaders&) { return std::optional<std::vector<Header>>{}; });
    Follower::Effects out;
    rig.follower.on_headers(rig.now, 1, 77, {}, out);
    rig.perform(std::move(out));
    CHECK(rig.charged == Charges{{1, "headers"}});
    rig.run(seconds{4});
    out.clear();
    rig.follower.on_headers(rig.now, 1, rig.asked[0].question.id, {chain.at(10)}, out);
    CHECK(out.empty());
}

TEST_CASE("two certificates for one height end everything") {
    TestHeaders chain{4};
    chain.grow_by(20);
    auto fork = chain;
    fork.all.pop_back();
    fork.grow({}, Hash256{std::byte{1}});
    Rig rig{chain};
    rig.add(1, chain, honest(chain));
    rig.check_all(chain);
    SUBCASE("as a peer's head says") {
        rig.add(2, fork, honest(fork));
    }
    SUBCASE("as a peer says") {
        Follower::Effects out;
        rig.follower.on_conflict(rig.now, 3, chain.at(20), fork.at(20), out);
        rig.perform(std::move(out));
    }
    REQUIRE(rig.conflicts.size() == 1);
    CHECK(rig.conflicts[0].ours == chain.at(20));
    CHECK(rig.conflicts[0].theirs == fork.at(20));
    CHECK(rig.follower.is_halted());
    chain.grow();
    rig.tell(1, chain);
    CHECK(rig.follower.head().header.number == 20);
    CHECK(rig.charged.empty());
}

TEST_CASE("a certified head that does not descend from what was certified before ends everything") {
    TestHeaders chain{4};
    chain.grow_by(20);
    auto fork = chain;
    for (int i = 0; i < 5; ++i) fork.all.pop_back();
    fork.grow({}, Hash256{std::byte{1}});
    fork.grow_by(20);
    Rig rig{chain};
    rig.add(1, chain, honest(chain));
    rig.now.unix_time = fork.time();
    rig.add(2, fork, honest(fork));
    REQUIRE(rig.conflicts.size() == 1);
    CHECK(rig.conflicts[0].ours == chain.at(20));
    CHECK(rig.follower.is_halted());
}

TEST_CASE("what is no conflict does not stop it") {
    TestHeaders chain{4};
    chain.grow_by(20);
    TestHeaders strangers{4};
    strangers.grow_by(19);
    Rig rig{chain};
    rig.add(1, chain, honest(chain));
    const auto check = [&](PeerId peer, Header one, Header other) {
        Follower::Effects out;
        rig.follower.on_conflict(rig.now, peer, std::move(one), std::move(other), out);
        rig.perform(std::move(out));
        return rig.charged.empty() ? std::string{} : rig.charged.back().second;
    };
    CHECK(check(2, chain.at(20), chain.at(20)) == "a conflict of two equal headers");
    auto unsealed = chain.at(20);
    unsealed.state_root = {};
    CHECK(check(3, chain.at(20), unsealed).starts_with("invalid: a seal by "));
    // A set of strangers: their own quorum says nothing.
    auto foreign = chain.at(20);
    auto extra = *qbft::decode_extra_data(foreign.extra_data);
    extra.validators = {validator(31), validator(32), validator(33), validator(34)};
    std::ranges::sort(extra.validators);
    foreign.beneficiary = validator(31);
    TestHeaders::seal(foreign, extra, {31, 32, 33, 34});
    CHECK(check(4, chain.at(20), foreign) ==
          "sealed by 0 of the trusted validators, expected at least 2");
    CHECK_FALSE(rig.follower.is_halted());
}

TEST_CASE("by walking, each header's seals and the votes on validators are checked") {
    TestHeaders chain{4};
    chain.grow_by(150);
    chain.change(9, true);
    chain.grow_by(150);
    chain.change(2, false);
    chain.grow_by(10);
    Rig rig{chain, {.walks = true}};
    rig.add(1, chain, honest(chain));
    rig.check_all(chain);
    CHECK(rig.sealed == chain.all.size());
    CHECK(rig.charged.empty());

    // A set that was not voted for, though a third of the old one sealed it: skipping takes it.
    auto wrong = chain;
    const auto seeds = wrong.seeds;
    wrong.seeds = {seeds[0], seeds[1], seeds[2], seeds[3], 41};
    auto next = wrong.make({}, {});
    auto extra = *qbft::decode_extra_data(next.header.extra_data);
    extra.validators.push_back(validator(41));
    std::ranges::sort(extra.validators);
    TestHeaders::seal(next.header, extra, wrong.seeds);
    wrong.all.push_back({next.header, chain.engine->hash_of(next.header)});
    rig.now.unix_time = wrong.time();
    rig.add(2, wrong, honest(wrong));
    CHECK(rig.follower.head().hash == chain.all.back().hash);
    CHECK(rig.charged == Charges{{2,
                                  "invalid: 5 validators in the extra data that are not the 4 "
                                  "who must seal it"}});
}

TEST_CASE("a trusted header that is too old says so, and nobody is charged") {
    TestHeaders chain{4};
    chain.grow_by(2'000);
    Rig rig{chain, {}, {.period = seconds{1'000}}};
    rig.add(1, chain, honest(chain));
    rig.run(seconds{100});
    CHECK(rig.follower.head().header.number == 0);
    REQUIRE(rig.warnings.size() == 1);
    CHECK(rig.warnings[0].starts_with("the trusted header is too old to vouch for others"));
    CHECK(rig.charged.empty());
    // From a checkpoint it goes, by its hash alone.
    const auto trusted_hash = chain.all[1'500].hash;
    Rig later{chain, {.checkpoint = {{1'500, trusted_hash}}}, {.period = seconds{1'000}}};
    TestHeaders other{4};
    other.grow({}, Hash256{std::byte{1}});
    other.grow_by(1'999);
    later.add(1, other, honest(other));
    // Who mistypes it must not charge everybody.
    CHECK(later.warnings ==
          std::vector<std::string>{"the checkpoint is not in the chain of a full node"});
    CHECK(later.charged.empty());
    later.add(2, chain, honest(chain));
    later.check_all(chain);
}

TEST_CASE("with a clock that is slow it waits, and nobody is charged") {
    TestHeaders chain{4};
    chain.grow_by(100);
    for (const bool walks : {false, true}) {
        CAPTURE(walks);
        Rig rig{chain, {.walks = walks}};
        rig.now.unix_time -= seconds{30};
        rig.add(1, chain, honest(chain));
        CHECK(rig.warnings.size() == 1);
        CHECK(rig.charged.empty());
        rig.run(seconds{60});
        rig.check_all(chain);
    }
}

TEST_CASE("it goes on where it was, with its gaps") {
    TestHeaders chain{4};
    chain.grow_by(500);
    Rig first{chain};
    auto left = std::size_t{3};
    first.add(1, chain, [&](const GetHeaders& question) {
        return left-- > 0 ? honest(chain)(question) : std::nullopt;
    });
    REQUIRE(first.follower.missing() == 499 - 256);
    Rig second{chain};
    second.kept = first.kept;
    second.follower = Follower{{},
                               second.trust_,
                               [&](std::uint64_t number) { return second.at(number); },
                               chain.all.back(),
                               first.follower.gaps()};
    second.add(2, chain, honest(chain));
    second.check_all(chain);
    CHECK(second.asked.size() == 2);
}

TEST_CASE("who claims a height that it does not have holds nobody up for long") {
    TestHeaders chain{4};
    chain.grow_by(50);
    Rig rig{chain};
    const auto silent = [](const GetHeaders&) { return std::optional<std::vector<Header>>{}; };
    for (PeerId liar = 1; liar <= 5; ++liar) {
        rig.servers[liar] = silent;
        Follower::Effects out;
        rig.follower.on_status(rig.now, liar, {std::uint64_t{1} << 60, {}, {}}, out);
        rig.perform(std::move(out));
    }
    rig.add(9, chain, honest(chain));
    rig.run(seconds{16});
    rig.check_all(chain);
}
