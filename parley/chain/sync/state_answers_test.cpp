// Answers about accounts at the head and before it, and that their proofs hold.
#include <parley/chain/sync/state_answers.hpp>

#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/trie/proof.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <map>
#include <vector>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::testing;

namespace {

/// A chain on which each block pays from one account to another and to a new one.
struct PayingChain : TestChain {
    PastStates states;
    std::vector<Block> blocks;

    PayingChain() {
        accounts = 200;
        REQUIRE(open());
    }
    void pay(std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto n = blocks.size();
            blocks.push_back(grow({payment(n % 50, n / 50, 100 + n % 100, 5),
                                   payment(50 + n % 50, n / 50, 10'000 + n, 7)}));
        }
    }
    template <class Run>
    void read(const Run& run) {
        REQUIRE(ledger->read_state(
            {}, {[&](const ChainHeader& head, const ChainParts& chain) { run(head, chain); },
                 [](Now) {}}));
        run_all(*jobs);
    }
    sync_topic::Accounts ask(const sync_topic::GetAccounts& question) {
        sync_topic::Accounts out;
        read([&](const auto& head, const auto& chain) {
            out = answer_accounts(states, head, chain, question);
        });
        return out;
    }
    sync_topic::Changes ask(const sync_topic::GetChanges& question) {
        sync_topic::Changes out;
        read([&](const auto& head, const auto& chain) {
            out = answer_changes(states, head, chain, question);
        });
        return out;
    }
};

Hash256 last_key() {
    Hash256 out{};
    out.fill(std::byte{0xff});
    return out;
}

Hash256 middle_key() {
    return {std::byte{0x80}};
}

Hash256 key_after(Hash256 key) {
    for (std::size_t i = key.size(); i-- > 0;) {
        key[i] = static_cast<std::byte>(std::to_integer<unsigned>(key[i]) + 1);
        if (key[i] != std::byte{0}) break;
    }
    return key;
}

std::vector<Buffer> buffers(const std::vector<SharedBytes>& proof) {
    std::vector<Buffer> out;
    for (const auto& node : proof) out.push_back(to_buffer(node));
    return out;
}

using Values = std::map<Hash256, Buffer>;

std::vector<trie::Entry> trie_entries(const Values& values, const Hash256& first,
                                      const Hash256& last) {
    std::vector<trie::Entry> out;
    for (auto i = values.lower_bound(first); i != values.end() && i->first <= last; ++i) {
        out.push_back({i->first, decode_slim(i->second)->encode()});
    }
    return out;
}

void set(Values& values, const std::vector<sync_topic::AccountEntry>& entries) {
    for (const auto& [key, value] : entries) {
        if (value.empty()) {
            values.erase(key);
        } else {
            values[key] = to_buffer(value);
        }
    }
}

}  // namespace

TEST_CASE("accounts come in pages, proven at the block asked for, whether it is the head or not") {
    PayingChain chain;
    chain.pay(60);
    for (const std::size_t at : {59U, 58U, 20U, 0U}) {
        const auto& header = chain.blocks[at].header;
        sync_topic::GetAccounts question{7, header.hash(), {}, last_key(), 3'000};
        std::size_t count = 0;
        for (bool more = true; more; ++question.id) {
            const auto answer = chain.ask(question);
            CHECK(answer.id == question.id);
            REQUIRE_FALSE(answer.entries.empty());
            CHECK(answer.entries.size() < 70);
            Values values;
            set(values, answer.entries);
            const auto verified =
                trie::verify_range(header.state_root, question.first,
                                   trie_entries(values, {}, last_key()), buffers(answer.proof));
            REQUIRE(verified);
            more = *verified;
            count += answer.entries.size();
            question.first = key_after(answer.entries.back().key);
        }
        CHECK(count == 200 + 1 + at + 1);  // the maker of blocks, and who was paid
    }
    const sync_topic::GetAccounts half{1, chain.blocks[5].header.hash(), {}, middle_key(), 99'999};
    const auto answer = chain.ask(half);
    CHECK(answer.entries.back().key >= middle_key());
    CHECK(answer.entries[answer.entries.size() - 2].key < middle_key());
}

TEST_CASE("a state that is not here is not proven") {
    PayingChain chain;
    chain.pay(1);
    const auto early = chain.blocks[0].header.hash();
    chain.pay(branch_depth_max);
    CHECK_FALSE(chain.ask(sync_topic::GetAccounts{1, early, {}, last_key(), 100}).proof.empty());
    chain.pay(3);
    const auto gone = chain.ask(sync_topic::GetAccounts{1, early, {}, last_key(), 100});
    CHECK(gone.proof.empty());
    CHECK(gone.entries.empty());
    const auto head = chain.ledger->head().hash;
    CHECK(chain.ask(sync_topic::GetChanges{1, early, head, {}, last_key(), 100}).proof.empty());
    CHECK(chain.ask(sync_topic::GetChanges{1, head, early, {}, last_key(), 100}).proof.empty());
}

TEST_CASE("changes make the later state of the earlier one, in pages") {
    PayingChain chain;
    chain.pay(10);
    const auto aside = chain.make({payment(199, 0, 77'777, 3)}, 2, 0xaa).block;
    chain.pay(1);
    REQUIRE(chain.import(aside));
    REQUIRE(chain.ledger->head().hash == chain.blocks[10].header.hash());
    chain.pay(60);
    const auto& to = chain.blocks[70].header;
    for (const auto& from : {chain.blocks[9].header, chain.blocks[69].header, aside.header}) {
        Values values;
        set(values,
            chain.ask(sync_topic::GetAccounts{1, from.hash(), {}, last_key(), 1U << 20}).entries);
        CHECK(values.contains(crypto::keccak256(address_of(77'777))) == (from == aside.header));
        sync_topic::GetChanges question{1, from.hash(), to.hash(), {}, last_key(), 2'000};
        std::size_t pages = 1;
        for (;; ++pages) {
            const auto answer = chain.ask(question);
            set(values, answer.entries);
            CHECK(trie::verify_between(to.state_root, question.first, answer.last,
                                       trie_entries(values, question.first, answer.last),
                                       buffers(answer.proof)));
            if (answer.last == last_key()) break;
            question.first = key_after(answer.last);
        }
        CHECK((pages > 3) == (from != chain.blocks[69].header));
        const auto entries = trie_entries(values, {}, last_key());
        CHECK(trie::verify_range(to.state_root, {}, entries, {}) == false);
    }
}
