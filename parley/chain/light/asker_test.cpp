// What a light node asks of full nodes and believes of their answers.
#include <parley/chain/light/asker.hpp>

#include <parley/base/overloaded.hpp>
#include <parley/chain/ledger/test_chain.hpp>
#include <parley/chain/light/answers.hpp>
#include <parley/chain/trie/proof.hpp>
#include <parley/crypto/hash.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::light;
using namespace parley::chain::testing;
using std::chrono::seconds;

namespace {

using PeerId = Asker::PeerId;

/// A full node's ledger with some payments, and what it answers.
struct FullNode {
    TestChain chain;
    std::shared_ptr<PastStates> states = std::make_shared<PastStates>();
    std::vector<Transaction> sent;

    FullNode() {
        REQUIRE(chain.open());
        for (std::uint64_t i = 0; i < 5; ++i) {
            std::vector<Transaction> block;
            for (std::uint64_t from = 0; from < 4; ++from) {
                block.push_back(payment(from, i, 7, 1'000 + i));
                sent.push_back(block.back());
            }
            chain.grow(block);
        }
    }
    std::optional<Asker::Known> at(std::uint64_t number) const {
        const auto& blocks = chain.ledger->blocks();
        const auto hash = blocks.main(number).value();
        if (!hash) return std::nullopt;
        return Asker::Known{blocks.find(*hash).value()->header.header, *hash};
    }
    Asker::Known head() const { return *at(chain.ledger->head().header.number); }
    Items proofs(const GetProofs& question) {
        Items out;
        REQUIRE(
            chain.ledger->read_state({}, {[&](const ChainHeader& head, const ChainParts& parts) {
                                              out = answer_proofs(*states, head, parts, question);
                                          },
                                          [](Now) {}}));
        run_all(*chain.jobs);
        return out;
    }
    Inclusion inclusion(const GetInclusion& question) const {
        return answer_inclusion(chain.ledger->blocks(), question);
    }
};

/// A light node whose full nodes answer as the test says.
struct Rig {
    FullNode full;
    using Proofs = std::function<std::optional<Items>(const GetProofs&)>;
    using Inclusions = std::function<std::optional<Inclusion>(const GetInclusion&)>;
    struct Peer {
        Proofs proofs;
        Inclusions inclusion;
        std::string refusal = {};
        std::function<void(Items&)> spoil_block = {};
    };
    std::map<PeerId, Peer> peers;
    std::vector<GetProofs> asked;
    std::size_t sends = 0;
    std::vector<std::pair<PeerId, std::string>> charged;
    Now now{};
    Asker asker{{},
                [this](std::uint64_t number) { return full.at(number); },
                [this] { return full.chain.ledger->head().header.number; },
                Rng{7}};
    Asker::Effects out;

    Proofs honest() {
        return [this](const GetProofs& question) { return full.proofs(question); };
    }
    Inclusions honest_inclusion() {
        return [this](const GetInclusion& question) { return full.inclusion(question); };
    }
    void add(PeerId id, Proofs proofs, Inclusions inclusion = {}) {
        peers[id] = {std::move(proofs), std::move(inclusion)};
        asker.add_peer(id);
    }
    void run() {
        while (!out.empty()) {
            for (auto& effect : std::exchange(out, {})) {
                std::visit(
                    overloaded{[&](Asker::Charge& one) { charged.emplace_back(one.peer, one.why); },
                               [&](Asker::Check& one) {
                                   one.run();
                                   asker.on_checked(now, std::move(one), out);
                               },
                               [&](Asker::Send& one) { carry(one); }},
                    effect);
            }
        }
    }
    void carry(const Asker::Send& sent) {
        ++sends;
        auto& peer = peers.at(sent.peer);
        if (sent.code == code::get_proofs) {
            asked.push_back(*decode_get_proofs(sent.message));
            if (auto answer = peer.proofs(asked.back())) {
                answer->id = asked.back().id;
                asker.on_proofs(now, sent.peer, *answer, out);
            }
        } else if (sent.code == code::get_inclusion) {
            const auto question = *decode_get_inclusion(sent.message);
            if (auto answer = peer.inclusion(question)) {
                answer->id = question.id;
                asker.on_inclusion(now, sent.peer, *answer, out);
            }
        } else if (sent.code == code::get_block) {
            const auto question = *decode_get_block(sent.message);
            auto answer = answer_block(full.chain.ledger->blocks(), question);
            answer.id = question.id;
            if (peer.spoil_block) peer.spoil_block(answer);
            asker.on_block(now, sent.peer, answer, out);
        } else {
            const auto items = *sync_topic::decode_items(sent.message, 1);
            Items answer{items.id, {}};
            if (!peer.refusal.empty()) {
                answer.items.push_back(SharedBytes::copy(bytes_of(peer.refusal)));
            }
            asker.on_submitted(now, sent.peer, answer, out);
        }
    }
    void wait(Duration time) {
        const auto end = now.instant + time;
        while (asker.next_wakeup() <= end) {
            now.instant = asker.next_wakeup();
            asker.on_timer(now, out);
            run();
        }
    }
    /// "10 ether of nonce 5" or why not.
    std::string balance(const Address& address, std::optional<Asker::Known> block = {}) {
        std::string text = "nothing yet";
        asker.account(
            now, block.value_or(full.head()), address, {},
            [&](Now, auto proven) {
                if (!proven) {
                    text = proven.error();
                } else if (!proven->account) {
                    text = "none";
                } else {
                    text = to_decimal(proven->account->balance) + " nonce " +
                           std::to_string(proven->account->nonce);
                }
            },
            out);
        run();
        wait(seconds{20});
        return text;
    }
    std::string included(const Hash256& hash) {
        std::string text = "nothing yet";
        asker.inclusion(
            now, hash,
            [&](Now, auto found) {
                if (!found) {
                    text = found.error();
                } else if (!*found) {
                    text = "none";
                } else {
                    CHECK((*found)->transaction.hash == hash);
                    text = std::to_string((*found)->number) + ":" +
                           std::to_string((*found)->index) + " gas " +
                           std::to_string((*found)->receipt.cumulative_gas_used);
                }
            },
            out);
        run();
        wait(seconds{20});
        return text;
    }
    /// "4 transactions, 4 receipts, 1 asked" or why not.
    std::string block(const Asker::Known& known, bool with_receipts) {
        std::string text = "nothing yet";
        std::string seen;
        const auto before = sends;
        asker.block(
            now, known, with_receipts,
            [&](const LoggedBlock& logged) {
                CHECK(logged.senders.size() == logged.block.body.transactions.size());
                CHECK(logged.block.header == known.header);
                seen = std::to_string(logged.block.body.transactions.size()) + " transactions, " +
                       std::to_string(logged.receipts.size()) + " receipts, ";
            },
            [&](Now, auto done) {
                text = done ? seen + std::to_string(sends - before) + " asked" : done.error();
            },
            out);
        run();
        wait(seconds{20});
        return text;
    }
};

/// What the ledger itself says.
std::string truth(const FullNode& full, std::uint64_t seed) {
    const auto account = full.chain.account(seed);
    return to_decimal(account.balance) + " nonce " + std::to_string(account.nonce);
}

}  // namespace

TEST_CASE("an account is as the ledger has it, or proven not to be there") {
    Rig rig;
    rig.add(1, rig.honest());
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        CHECK(rig.balance(address_of(seed)) == truth(rig.full, seed));
    }
    CHECK(rig.balance(address_of(99)) == "none");
    CHECK(rig.charged.empty());
    // What was proven is known.
    const auto sends = rig.sends;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        CHECK(rig.balance(address_of(seed)) == truth(rig.full, seed));
    }
    CHECK(rig.balance(address_of(99)) == "none");
    CHECK(rig.sends == sends);
    // And of an older block.
    CHECK(rig.balance(address_of(0), rig.full.at(0)) == "10000000000000000000 nonce 0");
}

TEST_CASE("questions that come while others are under way go together") {
    Rig rig;
    rig.add(1, rig.honest());
    std::size_t answered = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        rig.asker.account(
            rig.now, rig.full.head(), address_of(seed), {},
            [&](Now, auto proven) { answered += proven ? 1 : 0; }, rig.out);
    }
    rig.run();
    CHECK(answered == 100);
    CHECK(rig.asked.size() <= 16 + 2);
}

TEST_CASE("a wrong proof costs the peer, and another full node is asked") {
    using Lie = std::function<std::optional<Items>(FullNode&, const GetProofs&)>;
    const auto other_state = [](FullNode& full, GetProofs question) {
        question.block = full.at(1)->hash;
        return full.proofs(question);
    };
    const auto cut = [](FullNode& full, const GetProofs& question) {
        auto out = full.proofs(question);
        out.items.pop_back();
        return out;
    };
    const auto changed = [](FullNode& full, const GetProofs& question) {
        auto out = full.proofs(question);
        auto bytes = to_buffer(Bytes{out.items.back()});
        bytes.back() ^= std::byte{1};
        out.items.back() = SharedBytes::own(std::move(bytes));
        return out;
    };
    const auto has_not = [](FullNode&, const GetProofs&) { return Items{}; };
    const auto silent = [](FullNode&, const GetProofs&) { return std::optional<Items>{}; };
    const std::vector<std::pair<Lie, bool>> all{
        {other_state, true}, {cut, true}, {changed, true}, {has_not, false}, {silent, false}};
    for (const auto& [lie, costs] : all) {
        Rig rig;
        const auto right = truth(rig.full, 2);
        rig.add(1, [&](const GetProofs& question) { return lie(rig.full, question); });
        CHECK(rig.balance(address_of(2)) != right);  // nobody else is there to be asked
        CHECK((rig.charged.size() == 1) == costs);
        rig.add(2, rig.honest());
        CHECK(rig.balance(address_of(2)) == right);
    }
}

TEST_CASE("of many liars none is believed, and after some the question is given up") {
    Rig rig;
    for (PeerId id = 1; id <= 9; ++id) {
        rig.add(id, [&](const GetProofs& question) {
            auto other = question;
            other.block = rig.full.at(1)->hash;
            return rig.full.proofs(other);
        });
    }
    CHECK(rig.balance(address_of(2)).starts_with("a full node answered wrongly: "));
    CHECK(rig.charged.size() == 5);
}

TEST_CASE("without full nodes a question is answered at once: there is nobody") {
    Rig rig;
    CHECK(rig.balance(address_of(2)) == "no full node is there to be asked");
    CHECK(rig.included({}) == "no full node is there to be asked");
}

TEST_CASE("a transaction is found in its block, with its receipt") {
    Rig rig;
    rig.add(1, {}, rig.honest_inclusion());
    CHECK(rig.included(rig.full.sent[0].hash) == "1:0 gas 21000");
    CHECK(rig.included(rig.full.sent[6].hash) == "2:2 gas 63000");
    CHECK(rig.included(rig.full.sent[19].hash) == "5:3 gas 84000");
    CHECK(rig.charged.empty());
    // That it is nowhere cannot be proven: some must say so.
    CHECK(rig.included(Hash256{std::byte{1}}) == "none");
}

TEST_CASE("a wrong inclusion costs the peer") {
    Rig rig;
    const auto lie = [&](const std::function<void(Inclusion&)>& change) {
        Rig one;
        one.add(1, {}, [&](const GetInclusion& question) {
            auto out = one.full.inclusion(question);
            change(out);
            return out;
        });
        const auto text = one.included(one.full.sent[6].hash);
        return (one.charged.empty() ? "free: " : "charged: ") + text;
    };
    CHECK(lie([](Inclusion&) {}) == "free: 2:2 gas 63000");
    CHECK(lie([](Inclusion& one) { one.index = 1; }).starts_with("charged: "));
    CHECK(lie([](Inclusion& one) { one.number = 3; }).starts_with("charged: transaction: "));
    CHECK(lie([](Inclusion& one) { one.number = 99; }) == "free: none");
    CHECK(lie([](Inclusion& one) { one.receipt.clear(); }).starts_with("charged: receipt: "));
    CHECK(lie([](Inclusion& one) {
              one.receipt = one.transaction;
          }).starts_with("charged: receipt: "));
}

TEST_CASE("a transaction is sent until one full node takes it") {
    Rig rig;
    rig.add(1, {});
    rig.add(2, {});
    rig.peers[1].refusal = rig.peers[2].refusal = "nonce\n too low";
    const auto submit = [&] {
        std::string text = "nothing yet";
        rig.asker.submit(
            rig.now, rig.full.sent[0].raw,
            [&](Now, auto taken) { text = taken ? "taken" : taken.error(); }, rig.out);
        rig.run();
        return text;
    };
    CHECK(submit() == "nonce? too low");
    CHECK(rig.sends == 2);
    rig.peers[1].refusal = rig.peers[2].refusal = "already known";
    CHECK(submit() == "taken");
    rig.peers[1].refusal = rig.peers[2].refusal = "no";
    rig.add(3, {});
    CHECK(submit() == "taken");
}

TEST_CASE("who asks much is not charged for it: questions wait for their turn") {
    Rig rig;
    std::map<PeerId, std::size_t> asked;
    rig.add(1, {}, [&](const GetInclusion& question) {
        ++asked[1];
        return rig.full.inclusion(question);
    });
    std::size_t answered = 0;
    for (int i = 0; i < 300; ++i) {
        rig.asker.inclusion(
            rig.now, rig.full.sent[0].hash,
            [&](Now, auto found) { answered += found && *found ? 1 : 0; }, rig.out);
    }
    rig.run();
    CHECK(asked[1] == 100);
    rig.wait(seconds{1});
    CHECK(asked[1] <= 152);
    rig.wait(seconds{10});
    CHECK(answered == 300);
}

TEST_CASE("a full node that is silent gets no more than some questions, until it answers") {
    Rig rig;
    std::vector<GetInclusion> silent;
    rig.add(1, {}, [&](const GetInclusion& question) {
        silent.push_back(question);
        return std::optional<Inclusion>{};
    });
    std::vector<std::string> errors;
    for (int i = 0; i < 40; ++i) {
        rig.asker.inclusion(
            rig.now, rig.full.sent[0].hash,
            [&](Now, auto found) { errors.push_back(found.error()); }, rig.out);
    }
    rig.run();
    CHECK(silent.size() == 16);
    rig.wait(seconds{5});
    CHECK(silent.size() == 16);
    CHECK(errors.size() == 16);
    // Late answers make room, and are not charged.
    for (const auto& question : silent) {
        auto late = rig.full.inclusion(question);
        rig.asker.on_inclusion(rig.now, 1, late, rig.out);
    }
    rig.run();
    rig.wait(seconds{1});
    CHECK(silent.size() == 32);
    CHECK(rig.charged.empty());
}

TEST_CASE("that a transaction is nowhere three must say, or all that there are") {
    Rig rig;
    const auto silent = [](const GetInclusion&) { return std::optional<Inclusion>{}; };
    const auto denies = [](const GetInclusion& question) { return Inclusion{.id = question.id}; };
    rig.add(1, {}, denies);
    rig.add(2, {}, silent);
    rig.add(3, {}, silent);
    CHECK(rig.included(rig.full.sent[0].hash) == "no full node answered in time");
    Rig alone;
    alone.add(1, {}, denies);
    CHECK(alone.included(alone.full.sent[0].hash) == "none");
    // Many at once, none of which is forgotten.
    Rig many;
    for (PeerId id = 1; id <= 3; ++id) many.add(id, {}, denies);
    std::size_t answered = 0;
    for (int i = 0; i < 90; ++i) {
        many.asker.inclusion(
            many.now, Hash256{std::byte{1}},
            [&](Now, auto found) { answered += found && !*found ? 1 : 0; }, many.out);
    }
    many.run();
    many.wait(seconds{10});
    CHECK(answered == 90);
}

TEST_CASE("an answer that nobody asked for is charged") {
    Rig rig;
    rig.add(1, rig.honest());
    rig.asker.on_proofs(rig.now, 1, {99, {}}, rig.out);
    rig.asker.on_inclusion(rig.now, 1, {.id = 98}, rig.out);
    rig.asker.on_submitted(rig.now, 1, {97, {}}, rig.out);
    rig.run();
    CHECK(rig.charged.size() == 3);
}

TEST_CASE("a block is as the ledger has it, and one of nothing needs nobody") {
    Rig rig;
    rig.add(1, rig.honest());
    CHECK(rig.block(rig.full.head(), false) == "4 transactions, 0 receipts, 1 asked");
    CHECK(rig.block(rig.full.head(), true) == "4 transactions, 4 receipts, 1 asked");
    CHECK(rig.block(*rig.full.at(0), true) == "0 transactions, 0 receipts, 0 asked");
    CHECK(rig.charged.empty());
    // Of a block that no full node has.
    auto other = rig.full.head();
    other.hash[0] ^= std::byte{1};
    CHECK(rig.block(other, false) == "no full node that was asked has this block");
    CHECK(rig.charged.empty());
}

TEST_CASE("a block that its header does not commit to costs the peer, and another is asked") {
    const auto lie = [](const std::function<void(Items&)>& spoil, bool with_receipts) {
        Rig rig;
        rig.add(1, rig.honest());
        rig.peers[1].spoil_block = spoil;
        const auto text = rig.block(rig.full.head(), with_receipts);
        REQUIRE(rig.charged.size() == 1);
        CHECK(text == "a full node answered wrongly: " + rig.charged[0].second);
        // Another one is asked.
        rig.add(2, rig.honest());
        CHECK(rig.block(rig.full.head(), with_receipts).starts_with("4 transactions"));
        return rig.charged[0].second;
    };
    const auto of_other_block = [](Items& answer) {
        FullNode full;
        answer.items = answer_block(full.chain.ledger->blocks(), {0, full.at(2)->hash, true}).items;
    };
    CHECK(lie(of_other_block, true).starts_with("transactions root: "));
    CHECK(lie([](Items& answer) { answer.items.pop_back(); }, true) ==
          "receipts: expected 4, got 3");
    CHECK(lie([](Items& answer) { std::swap(answer.items[1], answer.items[2]); }, true) ==
          "receipts that the header does not commit to");
    CHECK(lie([](Items& answer) { answer.items.push_back(answer.items.back()); }, false) ==
          "receipts that were not asked for");
    CHECK(
        lie([](Items& answer) { answer.items[0] = SharedBytes::copy(bytes_of("no body")); }, false)
            .starts_with("body"));
}

TEST_CASE("an account comes with the nodes that prove it") {
    Rig rig;
    rig.add(1, rig.honest());
    const auto head = rig.full.head();
    std::optional<Asker::ProvenAccount> proven;
    rig.asker.account(
        rig.now, head, address_of(1), {}, [&](Now, auto result) { proven = std::move(*result); },
        rig.out);
    rig.run();
    REQUIRE(proven);
    const auto key = trie::Nibbles::of_key(crypto::keccak256(address_of(1)));
    const auto value = trie::verify_proof(head.header.state_root, key, proven->nodes);
    REQUIRE(value);
    REQUIRE(*value);
    CHECK(*decode_account(**value) == *proven->account);
}
