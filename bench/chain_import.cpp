#include "chain.hpp"
#include "harness.hpp"
#include "temp_folder.hpp"
#include "workers.hpp"
#include <parley/base/jobs.hpp>
#include <parley/base/store.hpp>
#include <parley/chain/consensus/unsealed/unsealed.hpp>
#include <parley/chain/execution/transfers.hpp>
#include <parley/chain/ledger/ledger.hpp>
#include <parley/chain/producer/make_block.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/runtime/store/file_log.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;
using chain::testing::secret_of;

constexpr std::size_t transfers_a_block = 1'000;
constexpr std::size_t blocks_count = 20;
constexpr std::size_t senders_count = 1'000;
constexpr std::size_t accounts_count = 100'000;  // that are there beside them
constexpr double aim_transfers_per_second = 40'000;

Transaction payment(std::uint64_t from, std::uint64_t nonce, std::uint64_t to) {
    Transaction tx;
    tx.type = TxType::dynamic_fee;
    tx.chain_id = 1;
    tx.nonce = nonce;
    tx.gas_limit = 21'000;
    tx.max_fee = to_uint256(100'000'000'000);
    tx.max_priority_fee = to_uint256(1'000'000'000);
    tx.to = Address{array_of<20>(Bytes{to_uint256(to * 1'000'003)}.last(20))};
    tx.value = to_uint256(1);
    const auto signature = crypto::sign_recoverable(secret_of(from), tx.signing_hash());
    tx.signature = signature.rs;
    tx.y_parity = signature.parity;
    return *decode_transaction(SharedBytes::own(tx.encode()));
}

ForkSchedule merged() {
    ForkSchedule out;
    out.london_block = 0;
    out.terminal_total_difficulty = Uint256{};
    return out;
}

GenesisBlock genesis(const std::vector<Address>& senders) {
    Genesis out;
    out.forks = merged();
    out.gas_limit = 30'000'000;
    for (const auto& sender : senders) {
        out.alloc[sender].balance = to_uint256(10'000'000'000'000'000'000U);
    }
    for (std::size_t i = 0; i < accounts_count; ++i) {
        out.alloc[Address{array_of<20>(Bytes{to_uint256(i * 1'000'003)}.last(20))}].balance =
            to_uint256(i + 1);
    }
    return make_genesis_block(out);
}

struct Chain {
    TempFolder folder;
    std::shared_ptr<runtime::LmdbStore> store;
    std::shared_ptr<runtime::FileLog> log;
    JobQueue jobs{64};
    std::shared_ptr<const Execution> execution = std::make_shared<Transfers>(1);
    std::shared_ptr<const Engine> engine = std::make_shared<Unsealed>(merged());
    std::unique_ptr<Ledger> ledger;

    explicit Chain(GenesisBlock genesis)
        : store(runtime::LmdbStore::open(folder.file("store"), runtime::LmdbStore::Create::yes)
                    .value()),
          log(runtime::FileLog::open(folder.file("blocks")).value()) {
        auto opened = Ledger::open({.execution = execution,
                                    .engine = engine,
                                    .store = *store,
                                    .log_file = *log,
                                    .jobs = jobs},
                                   std::move(genesis));
        if (!opened) throw std::runtime_error{message(opened.error())};
        ledger = std::move(*opened);
    }
};

/// Blocks that are made once.
struct Blocks {
    std::vector<Address> senders;
    std::vector<Block> blocks;
    std::vector<std::vector<Address>> senders_of;

    Blocks() {
        for (std::size_t i = 0; i < senders_count; ++i) {
            senders.push_back(*recover_sender(payment(i, 0, 0)));
        }
        Chain chain{genesis(senders)};
        Workers here{0};
        std::uint64_t to = 0;
        for (std::size_t b = 0; b < blocks_count; ++b) {
            std::vector<Candidate> candidates;
            for (std::size_t i = 0; i < transfers_a_block; ++i) {
                to = (to * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U);
                candidates.push_back({payment(i, b, to % (2 * accounts_count)), senders[i]});
            }
            BlockPlan plan;
            plan.timestamp = chain.ledger->head().header.timestamp + 2;
            const auto& state = chain.ledger->state();
            auto made = make_block(*chain.execution, *chain.engine, chain.ledger->head(), plan,
                                   candidates, {state, state, state.root()});
            if (!made || made->senders.size() != transfers_a_block) {
                throw std::runtime_error{"no block"};
            }
            blocks.push_back(made->block);
            senders_of.push_back(made->senders);
            bool done = false;
            chain.ledger->import(
                {}, std::move(made->block), [&](Now, auto) { done = true; },
                std::move(made->senders));
            here.run(chain.jobs, [&] { return done; });
        }
    }
};

const Blocks& made_blocks() {
    static const Blocks blocks;
    return blocks;
}

double import_rate(std::size_t threads, bool senders_known) {
    const auto& [senders, blocks, senders_of] = made_blocks();
    Chain chain{genesis(senders)};
    Workers workers{threads};
    std::size_t imported = 0;
    const double start = seconds_now();
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        chain.ledger->import(
            {}, blocks[b],
            [&](Now, const Result<Imported, ImportError>& result) {
                if (!result) throw std::runtime_error{message(result.error())};
                ++imported;
            },
            senders_known ? senders_of[b] : std::vector<Address>{});
    }
    workers.run(chain.jobs, [&] { return imported == blocks.size(); });
    return static_cast<double>(blocks_count * transfers_a_block) / (seconds_now() - start);
}

}  // namespace

double ledger_import_known() {
    return import_rate(0, true);
}

double ledger_import_known_aim() {
    return aim_transfers_per_second;
}

double ledger_import() {
    return import_rate(2, false);
}

double ledger_import_limit() {
    const auto& blocks = made_blocks().blocks;
    const double start = seconds_now();
    const auto recover_half = [&](std::size_t half) {
        for (const auto& block : blocks) {
            for (std::size_t i = half; i < block.body.transactions.size(); i += 2) {
                if (!recover_sender(block.body.transactions[i])) std::abort();
            }
        }
    };
    std::thread other{recover_half, 1};
    recover_half(0);
    other.join();
    return static_cast<double>(blocks_count * transfers_a_block) / (seconds_now() - start);
}

}  // namespace parley::bench
