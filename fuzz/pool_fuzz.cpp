// A pool under any stream of calls: the state changes, fees and values are at their limits. What
// can be executed never pays less in all because something came, bounds hold, and all orders say
// the same. The first byte says how much room there is.
#include <parley/chain/txpool/test_pool.hpp>

#include <algorithm>
#include <cstdlib>
#include <span>

using namespace parley;
using namespace parley::chain;

namespace {

constexpr unsigned senders = 6;
constexpr int calls_max = 400;

void require(bool holds) {
    if (!holds) std::abort();
}

class Input {
public:
    explicit Input(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
    bool at_end() const { return rest_.empty(); }
    unsigned byte() {
        if (rest_.empty()) return 0;
        const unsigned out = rest_.front();
        rest_ = rest_.subspan(1);
        return out;
    }
    std::uint64_t number() { return byte() << 8 | byte(); }
    /// Mostly small; at times near 2^64 or 2^256.
    Uint256 wei(std::uint64_t unit) {
        const auto kind = byte();
        if (kind == 255) {
            Uint256 out;
            out.fill(std::byte{0xff});
            out[31] = static_cast<std::byte>(byte());
            return out;
        }
        if (kind == 254) return to_uint256(~std::uint64_t{0} - byte());
        return to_uint256((kind * 256ULL + byte()) * unit);
    }

private:
    std::span<const std::uint8_t> rest_;
};

struct Run {
    Input input;
    testing::FixedState state;
    PoolConfig config;
    TxPool pool;
    std::uint64_t base_fee = 0;
    std::uint64_t salt = 0;
    Instant now{};

    explicit Run(Input bytes) : input(bytes), config(made(input)), pool(config, &state) {}
    static PoolConfig made(Input& input) {
        PoolConfig out;
        out.bytes_max = 800 + 150 * static_cast<std::size_t>(input.byte());
        out.sender_entries_max = 1 + input.byte() % 10;
        out.groups = 1 + input.byte() % 4;
        return out;
    }

    void change_account(unsigned who) {
        const auto address = testing::sender_of(who);
        if (input.byte() % 16 == 0) {
            state.accounts.erase(address);
        } else {
            auto& account = state.accounts[address];
            account.nonce += input.byte() % 3;
            account.balance = input.wei(21'000 * 10);
        }
        pool.drop_stale(address);
    }
    void insert(unsigned who) {
        auto tx = testing::transfer(0);
        const auto account = state.account(testing::sender_of(who));
        tx.nonce = (account ? account->nonce : 0) + input.byte() % 8;
        tx.max_fee = input.wei(1);
        tx.max_priority_fee = std::min(tx.max_fee, input.wei(1));
        tx.value = input.wei(1'000);
        tx.to->value[1] = static_cast<std::byte>(who);
        tx.data = SharedBytes::own(Buffer(input.byte() % 4 == 0 ? 4 * input.byte() : 0));
        ++salt;
        tx.signature.fill(static_cast<std::byte>(salt));
        tx.signature[0] = static_cast<std::byte>(salt >> 8);
        tx = *decode_transaction(SharedBytes::own(tx.encode()));
        const auto how = input.byte();
        const Origin origin{.local = how % 16 == 0, .group = how / 16, .reverted = how % 16 == 1};
        const auto fee = pool.executable_fee();
        const auto size = pool.size();
        const auto early = pool.refuse_early(tx, origin);
        const auto result = pool.insert(tx, testing::sender_of(who), {now, {}}, origin);
        require(is_new(result) == pool.contains(tx.hash));
        if (!is_new(result)) require(pool.size() == size);
        if (early && early != InsertResult::full) require(early == result);
        require(pool.executable_fee() >= fee);
    }
    void call() {
        const auto what = input.byte();
        const auto who = what / 16 % senders;
        switch (what % 16) {
            case 0:
                return change_account(who);
            case 1:
                base_fee = input.number();
                return pool.set_base_fee(to_uint256(base_fee));
            case 2:
                now += std::chrono::minutes{input.number() % 3000};
                pool.expire(now);
                return require(pool.next_expiry() > now);
            case 3: {
                const auto all = pool.page(100);
                if (!all.empty()) pool.remove(all[input.byte() % all.size()]->hash);
                return;
            }
            case 4:
                pool.remove_through(testing::sender_of(who), input.byte() % 8);
                return;
            default:
                insert(who);
        }
    }
    void check() const {
        require(testing::fault_of(pool, state, base_fee).empty());
        require(pool.size_bytes() <= config.bytes_max);
        const auto best = pool.best(to_uint256(base_fee), 1'000'000'000, 100);
        const auto page = pool.page(100);
        for (std::size_t i = 0; i < best.size(); ++i) require(best[i] == page[i]);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Run run{Input{std::span{data, size}}};
    for (int i = 0; i < calls_max && !run.input.at_end(); ++i) {
        run.call();
        run.check();
    }
    return 0;
}
