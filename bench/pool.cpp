#include <parley/chain/txpool/pool.hpp>

#include "harness.hpp"
#include "pool.hpp"
#include "workers.hpp"
#include <parley/base/jobs.hpp>
#include <parley/base/rng.hpp>
#include <parley/chain/types/sender.hpp>
#include <parley/chain/types/test_transactions.hpp>
#include <parley/crypto/secp256k1.hpp>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;
using chain::testing::secret_of;

/// Accounts that are there, each with enough.
class Accounts final : public AccountState {
public:
    void fund(const Address& address) {
        accounts_[address].balance = to_uint256(10'000'000'000'000'000'000U);
    }
    std::optional<Account> account(const Address& address) const override {
        const auto found = accounts_.find(address);
        return found == accounts_.end() ? Account{} : found->second;
    }

private:
    boost::unordered_flat_map<Address, Account, SaltedHash> accounts_;
};

Transaction transfer(std::uint64_t nonce, std::uint64_t tip, std::uint64_t salt) {
    Transaction tx;
    tx.type = TxType::dynamic_fee;
    tx.chain_id = 1;
    tx.nonce = nonce;
    tx.gas_limit = 21'000;
    tx.max_fee = to_uint256(20'000'000'000 + 3 * tip);
    tx.max_priority_fee = to_uint256(tip);
    tx.to = Address{array_of<20>(Bytes{to_uint256(salt * 1'000'003)}.last(20))};
    tx.value = to_uint256(1'000'000'000'000'000 + salt);
    return tx;
}

std::uint64_t some_tip(Rng& rng) {
    return 1'000'000'000 + rng.below(4'000'000'000);
}

// --- With signatures ---------------------------------------------------------------------------

/// Made once.
struct Signed {
    static constexpr std::size_t senders = 5'000;
    static constexpr std::size_t each = 4;

    Accounts accounts;
    std::vector<Transaction> transactions;
    std::vector<Hash256> digests;

    Signed() {
        Rng rng{1};
        for (std::size_t nonce = 0; nonce < each; ++nonce) {
            for (std::size_t i = 0; i < senders; ++i) {
                auto tx = transfer(nonce, some_tip(rng), i);
                digests.push_back(tx.signing_hash());
                const auto signature = crypto::sign_recoverable(secret_of(i), digests.back());
                tx.signature = signature.rs;
                tx.y_parity = signature.parity;
                transactions.push_back(*decode_transaction(SharedBytes::own(tx.encode())));
                if (nonce == 0) accounts.fund(*recover_sender(transactions.back()));
            }
        }
    }
    static const Signed& get() {
        static const Signed all;
        return all;
    }
};

// --- Without -----------------------------------------------------------------------------------

Address numbered_sender(std::uint64_t number) {
    Address out;
    SeededEntropy{number}.fill(out.value);
    return out;
}

/// Transactions with a made-up signature, and who is said to have signed them.
struct Known {
    Accounts accounts;
    std::vector<Transaction> transactions;
    std::vector<Address> senders;

    Known(std::size_t senders_count, std::size_t each) {
        Rng rng{static_cast<std::uint64_t>(::getpid())};
        SeededEntropy entropy{7};
        for (std::size_t nonce = 0; nonce < each; ++nonce) {
            for (std::size_t i = 0; i < senders_count; ++i) {
                auto tx = transfer(nonce, some_tip(rng), i);
                entropy.fill(MutableBytes{tx.signature});
                transactions.push_back(*decode_transaction(SharedBytes::own(tx.encode())));
                senders.push_back(numbered_sender(i));
                if (nonce == 0) accounts.fund(senders.back());
            }
        }
    }
    void put_into(TxPool& pool) const {
        for (std::size_t i = 0; i < transactions.size(); ++i) {
            const auto result = pool.insert(transactions[i], senders[i], {}, {.group = 1});
            if (result != InsertResult::added) throw std::runtime_error{std::string{name(result)}};
        }
    }
};

PoolConfig roomy() {
    return {.bytes_max = std::size_t{4} << 30, .salt = 1};
}

constexpr std::size_t best_of = 100'000;
constexpr std::size_t best_wanted = 5'000;

double best_ms(bool repriced) {
    const Known known{best_of / 4, 4};
    TxPool pool{roomy(), &known.accounts};
    auto base_fee = to_uint256(20'000'000'000);
    pool.set_base_fee(base_fee);
    known.put_into(pool);
    if (pool.status().pending != best_of) throw std::runtime_error{"not all pending"};
    std::vector<double> times;
    for (std::uint64_t round = 0; round < 15; ++round) {
        base_fee = to_uint256(20'000'000'000 + 100'000'000 * round);
        if (!repriced) pool.set_base_fee(base_fee);
        const double start = thread_seconds_now();
        if (repriced) pool.set_base_fee(base_fee);
        const auto best = pool.best(base_fee, 10'000'000'000, best_wanted);
        times.push_back(1e3 * (thread_seconds_now() - start));
        if (best.size() != best_wanted) throw std::runtime_error{"not enough"};
    }
    std::ranges::sort(times);
    return times[times.size() / 2];
}

double admit_known_rate() {
    const Known known{50'000, 4};
    TxPool pool{roomy(), &known.accounts};
    const double start = thread_seconds_now();
    known.put_into(pool);
    return static_cast<double>(known.transactions.size()) / (thread_seconds_now() - start);
}

double memory_an_entry(std::string& beside) {
    constexpr std::size_t entries = 100'000;
    const Known known{entries, 1};
    TxPool pool{roomy(), &known.accounts};
    const auto before = ::mallinfo2();
    known.put_into(pool);
    const auto after = ::mallinfo2();
    beside = fmt::format(",\"accounted\":{}", pool.size_bytes() / entries);
    return static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) /
           static_cast<double>(entries);
}

}  // namespace

double pool_admit() {
    struct Batch {
        std::vector<Transaction> transactions;
        std::vector<Address> senders;
    };
    constexpr std::size_t batch_max = 64;
    const auto& all = Signed::get();
    TxPool pool{roomy(), &all.accounts};
    JobQueue jobs{8};
    Workers workers{2};
    std::size_t next = 0;
    std::size_t taken = 0;
    const std::function<void()> start_one = [&] {
        const auto first = next;
        next = std::min(next + batch_max, all.transactions.size());
        if (first == next) return;
        const auto batch = std::make_shared<Batch>();
        const auto check = [&all, batch, first, end = next] {
            std::vector<const Transaction*> checked;
            batch->transactions.reserve(end - first);
            for (auto i = first; i < end; ++i) {
                auto tx = decode_transaction(all.transactions[i].raw);
                if (!tx || !check_stateless(*tx, {})) std::abort();
                checked.push_back(&batch->transactions.emplace_back(std::move(*tx)));
            }
            for (const auto& sender : recover_senders(checked)) batch->senders.push_back(*sender);
        };
        const auto take = [&, batch](Now now) {
            start_one();
            for (std::size_t i = 0; i < batch->senders.size(); ++i) {
                const auto result =
                    pool.insert(batch->transactions[i], batch->senders[i], now, {.group = 1});
                taken += result == InsertResult::added ? 1 : 0;
            }
        };
        if (!jobs.submit({check, take})) throw std::runtime_error{"no room for a job"};
    };
    const double start = seconds_now();
    for (int i = 0; i < 4; ++i) start_one();
    workers.run(jobs, [&] { return taken == all.transactions.size(); });
    const double seconds = seconds_now() - start;
    if (pool.status().pending != taken) throw std::runtime_error{"not all pending"};
    return static_cast<double>(taken) / seconds;
}

double pool_admit_limit() {
    const auto& all = Signed::get();
    const auto recover_half = [&](std::size_t half) {
        for (std::size_t i = half; i < all.transactions.size(); i += 2) {
            const auto& tx = all.transactions[i];
            if (!crypto::recover(all.digests[i], tx.signature, tx.y_parity)) std::abort();
        }
    };
    const double start = seconds_now();
    std::thread other{recover_half, 1};
    recover_half(0);
    other.join();
    return static_cast<double>(all.transactions.size()) / (seconds_now() - start);
}

const std::vector<TargetBenchmark>& pool_benchmarks() {
    static const std::vector<TargetBenchmark> all{
        {"pool.admit_known", "transfers/s", 500'000, true, 5},
        {"pool.best", "ms", 2, false, 5},
        {"pool.best_repriced", "ms", 8, false, 5},
        {"pool.memory", "bytes/transfer", 700, false, 3},
    };
    return all;
}

void run_pool_benchmark(const TargetBenchmark& benchmark) {
    run_processes(benchmark, {"pool", std::string{benchmark.name}});
}

int pool_run(const std::vector<std::string>& arguments) {
    const auto& what = arguments.at(0);
    std::string beside;
    double value = 0;
    if (what == "pool.admit_known") {
        value = admit_known_rate();
    } else if (what == "pool.memory") {
        value = memory_an_entry(beside);
    } else {
        value = best_ms(what == "pool.best_repriced");
    }
    fmt::print("{}{}\n", value, beside);
    std::fflush(stdout);
    return 0;
}

}  // namespace parley::bench
