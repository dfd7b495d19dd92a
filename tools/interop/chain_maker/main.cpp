// chain-maker FOLDER BLOCKS: a chain of the engine solo, as genesis.json and blocks.rlp in the
// folder, for other programs to import. Prints a summary as JSON. The same arguments give the same
// chain.
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/producer/make_block.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/runtime/job_runner.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::chain;

namespace {

constexpr std::uint64_t accounts = 20;
constexpr std::uint64_t genesis_time = 1'700'000'000;
constexpr std::uint64_t block_seconds = 10;
constexpr std::uint64_t chain_id = 7700;
constexpr std::uint64_t gwei = 1'000'000'000;

const ByteArray<32> signer = testing::secret_of(999);

Address account(std::uint64_t i) {
    return address_of_secret(testing::secret_of(i));
}

/// Paris at first, then Shanghai, then Cancun.
Genesis make_genesis(std::uint64_t blocks) {
    Genesis out;
    out.chain_id = chain_id;
    out.timestamp = genesis_time;
    out.gas_limit = 30'000'000;
    out.forks = {.london_block = 0,
                 .terminal_total_difficulty = Uint256{},
                 .shanghai_time = genesis_time + blocks * block_seconds / 3,
                 .cancun_time = genesis_time + 2 * blocks * block_seconds / 3};
    out.extra_data = to_buffer(address_of_secret(signer));
    for (std::uint64_t i = 0; i < accounts; ++i) {
        out.alloc[account(i)].balance = *checked_multiply(to_uint256(gwei * gwei), 1'000);
    }
    auto& kept = out.alloc[Address{{std::byte{0xc0}}}];
    kept.nonce = 1;
    kept.code = {std::byte{0x60}, std::byte{0x00}};
    kept.storage[Hash256{std::byte{1}}] = to_uint256(2);
    return out;
}

/// Half of the receivers are new accounts. Each of the three kinds in turn.
Transaction transfer(std::uint64_t n, std::uint64_t nonce) {
    Transaction tx = testing::transfer(nonce, 50 * gwei);
    tx.type = static_cast<TxType>(n % 3);
    tx.chain_id = chain_id;
    tx.gas_limit = 60'000;
    tx.value = to_uint256(n * 1'000'003 % 1'000'000'000'000);
    if (tx.type == TxType::dynamic_fee) tx.max_priority_fee = to_uint256((1 + n % 5) * gwei);
    tx.to = n % 2 == 0 ? account(n * 7 % accounts)
                       : Address{array_of<20>(Bytes{to_uint256(1'000 + n % 500)}.last(20))};
    if (tx.type == TxType::access_list) {
        tx.access_list = {{*tx.to, {Hash256{static_cast<std::byte>(n)}}}};
    }
    return testing::sign(tx, testing::secret_of(n % accounts));
}

struct Chain {
    Genesis genesis;
    MemoryStore store;
    MemoryLog log;
    runtime::JobRunner runner{2, no_log()};
    std::shared_ptr<const Execution> execution = std::make_shared<Transfers>(chain_id);
    std::shared_ptr<const Engine> engine;
    std::unique_ptr<Ledger> ledger;

    explicit Chain(std::uint64_t blocks)
        : genesis(make_genesis(blocks)),
          engine(std::make_shared<Solo>(genesis.forks, address_of_secret(signer))) {
        auto opened = Ledger::open({.execution = execution,
                                    .engine = engine,
                                    .store = store,
                                    .log_file = log,
                                    .jobs = runner.jobs()},
                                   make_genesis_block(genesis));
        if (!opened) throw std::runtime_error{message(opened.error())};
        ledger = std::move(*opened);
    }

    Block make(const std::vector<Candidate>& candidates) const {
        const auto& head = ledger->head();
        BlockPlan plan;
        plan.timestamp = head.header.timestamp + block_seconds;
        plan.beneficiary = Address{{std::byte{0xfe}}};
        if (engine->fork_of(child(plan), head) >= Fork::shanghai && head.header.number % 5 == 0) {
            plan.withdrawals = {{.index = head.header.number, .address = account(3), .amount = 17}};
        }
        const auto& state = ledger->state();
        auto made =
            make_block(*execution, *engine, head, plan, candidates, {state, state, state.root()});
        if (!made) throw std::runtime_error{message(made.error())};
        if (made->senders.size() != candidates.size()) throw std::runtime_error{"refused"};
        solo_seal(made->block.header, signer);
        return std::move(made->block);
    }
    void import(Block block) {
        std::string error = "never answered";
        ledger->import({}, std::move(block), [&](Now, const auto& result) {
            error = result ? "" : message(result.error());
        });
        runner.run_until([&] { return error != "never answered"; });
        if (!error.empty()) throw std::runtime_error{error};
    }

private:
    Header child(const BlockPlan& plan) const {
        Header out;
        out.number = ledger->head().header.number + 1;
        out.timestamp = plan.timestamp;
        return out;
    }
};

void write(const std::string& path, std::string_view text) {
    std::ofstream out{path, std::ios::binary};
    out << text;
    out.close();
    if (!out) throw std::runtime_error{"cannot write " + path};
}

void make_chain(const std::string& folder, std::uint64_t blocks) {
    Chain chain{blocks};
    std::string raw;
    std::uint64_t n = 0;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        std::vector<Candidate> candidates;
        const auto count = i % 7 == 3 ? 0 : i % 40 + 1;  // some are empty
        for (std::uint64_t k = 0; k < count; ++k, ++n) {
            candidates.push_back({transfer(n, n / accounts), account(n % accounts)});
        }
        auto block = chain.make(candidates);
        raw += text_of(block.encode());
        chain.import(std::move(block));
    }
    write(folder + "/genesis.json", to_json(chain.genesis));
    write(folder + "/blocks.rlp", raw);
    const auto& head = chain.ledger->head();
    fmt::print(R"({{"number":{},"hash":"0x{}","stateRoot":"0x{}","transactions":{}}})"
               "\n",
               head.header.number, to_hex(head.hash), to_hex(head.header.state_root), n);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        std::uint64_t blocks = 0;
        if (argc != 3 ||
            std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), blocks).ec != std::errc{}) {
            fmt::print(stderr, "usage: chain-maker FOLDER BLOCKS\n");
            return 2;
        }
        make_chain(argv[1], blocks);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "chain-maker: {}\n", error.what());
        return 1;
    }
}
