// For tests only: validators that agree on one block in virtual time. Messages take `delay`; a test
// decides who hears whom, who is dead, and may say things in the name of others.
#pragma once

#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/qbft/machine.hpp>
#include <parley/crypto/hash.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace parley::chain::qbft::testing {

inline Address validator(std::size_t index) {
    return {{static_cast<std::byte>(index + 1)}};
}

/// Of one byte; its hash is made of it.
inline SharedBytes block_of(std::uint8_t value) {
    return SharedBytes::copy(Buffer{std::byte{value}});
}

inline Hash256 digest_of(Bytes block) {
    return crypto::keccak256(block);
}

class Cluster {
public:
    static constexpr std::uint64_t height = 5;
    static constexpr Duration delay = std::chrono::milliseconds{50};

    explicit Cluster(std::size_t count) : nodes_(count) {
        std::vector<Address> all;
        for (std::size_t i = 0; i < count; ++i) all.push_back(validator(i));
        config.height = height;
        config.validators = Validators{all};
        config.period_end = Instant{} + std::chrono::seconds{1};
    }

    /// Before start().
    MachineConfig config;
    std::set<Address> silent;  ///< whom all hold for silent when they start
    /// Whether a message passes; all do if it is empty.
    std::function<bool(std::size_t from, std::size_t to, const Said&)> passes;
    /// The block that a validator makes; its index if it is empty.
    std::function<std::uint8_t(std::size_t, const View&)> makes;
    /// Whether a block may follow; all may if it is empty.
    std::function<bool(Bytes block)> is_valid;

    void start() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) start(i);
    }
    /// Also after kill(): with what it kept on disk, or without.
    void start(std::size_t index, bool with_record = true) {
        auto& node = nodes_[index];
        auto own = config;
        own.self = validator(index);
        Effects out;
        node.machine.emplace(own, silent, with_record ? node.record : std::nullopt, now(), out);
        carry_out(index, std::move(out));
    }
    void kill(std::size_t index) { nodes_[index].machine.reset(); }

    void run(Duration time) {
        const auto end = instant_ + time;
        while (true) {
            auto next = planned_.empty() ? never : planned_.begin()->first;
            for (const auto& node : nodes_) {
                if (node.machine) next = std::min(next, node.machine->next_wakeup());
            }
            if (next > end) break;
            instant_ = std::max(instant_, next);
            step();
        }
        instant_ = end;
    }
    /// As if the validator `author` had said it, to `to` alone; whether it was taken.
    std::string hear(std::size_t to, const Said& what) {
        Effects out;
        const auto taken = nodes_[to].machine->hear(now(), what, out);
        carry_out(to, std::move(out));
        return taken ? "taken" : message(taken.error());
    }

    Machine& machine(std::size_t index) { return *nodes_[index].machine; }
    Now now() const { return {.instant = instant_, .unix_time = {}}; }
    Duration time() const { return instant_ - Instant{}; }
    /// Blocks that are final, by who holds them so.
    std::map<std::size_t, std::pair<Hash256, View>> finished;
    std::vector<Accuse> accused;
    std::vector<std::pair<std::size_t, Said>> said;  ///< by whom, in order

private:
    struct Node {
        std::optional<Machine> machine;
        std::optional<Record> record;
        std::optional<RoundChangeInput> last_change;
    };

    void step() {
        while (!planned_.empty() && planned_.begin()->first <= instant_) {
            const auto run = std::move(planned_.begin()->second);
            planned_.erase(planned_.begin());
            run();
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            auto& machine = nodes_[i].machine;
            if (!machine || machine->next_wakeup() > instant_) continue;
            Effects out;
            machine->on_timer(now(), out);
            if (machine->next_wakeup() <= instant_) throw std::logic_error{"woken up in vain"};
            carry_out(i, std::move(out));
        }
    }

    void send(std::size_t from, const Said& what) {
        said.emplace_back(from, what);
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
            if (to != from && passes && !passes(from, to, what)) continue;
            planned_.emplace(instant_ + (to == from ? Duration{} : delay), [this, to, what] {
                if (nodes_[to].machine) hear(to, what);
            });
        }
    }

    void carry_out(std::size_t index, Effects effects) {
        for (auto& effect : effects) {
            std::visit([&](auto& one) { perform(index, one); }, effect);
        }
    }
    void perform(std::size_t index, const Keep& keep) { nodes_[index].record = keep.record; }
    void perform(std::size_t index, const SayProposal& say) {
        const auto digest = digest_of(say.payload.block);
        const auto maker =
            validator(std::to_integer<std::size_t>(Bytes{say.payload.block}[0]) % 16);
        send(index,
             ProposalInput{{{say.payload, validator(index), {}}, say.round_changes, say.prepares},
                           digest,
                           maker});
    }
    void perform(std::size_t index, const SayPrepare& say) {
        send(index, Signed<Prepare>{say.payload, validator(index), {}});
    }
    void perform(std::size_t index, const SayCommit& say) {
        send(index, Signed<Commit>{{say.view, say.digest, {}}, validator(index), {}});
    }
    void perform(std::size_t index, const SayRoundChange& say) {
        RoundChangeInput input{{{say.payload, validator(index), {}}, say.block, say.prepares}, {}};
        if (say.payload.prepared) input.digest = digest_of(say.block);
        nodes_[index].last_change = input;
        send(index, input);
    }
    void perform(std::size_t index, const RepeatRoundChange&) {
        send(index, *nodes_[index].last_change);
    }
    void perform(std::size_t index, const MakeBlock& make) {
        const auto value = makes ? makes(index, make.view) : static_cast<std::uint8_t>(index);
        planned_.emplace(instant_, [this, index, view = make.view, value] {
            if (!nodes_[index].machine) return;
            Effects out;
            nodes_[index].machine->on_made(now(), view, digest_of(block_of(value)), block_of(value),
                                           out);
            carry_out(index, std::move(out));
        });
    }
    void perform(std::size_t index, const CheckBlock& check) {
        const bool valid = !is_valid || is_valid(check.block);
        planned_.emplace(instant_, [this, index, digest = check.digest, valid] {
            if (!nodes_[index].machine) return;
            Effects out;
            nodes_[index].machine->on_checked(now(), digest, valid, out);
            carry_out(index, std::move(out));
        });
    }
    void perform(std::size_t index, const Finish& finish) {
        finished.emplace(index, std::pair{finish.digest, finish.view});
    }
    void perform(std::size_t, const Accuse& accuse) { accused.push_back(accuse); }

    std::vector<Node> nodes_;
    Instant instant_{};
    std::multimap<Instant, std::function<void()>> planned_;
};

}  // namespace parley::chain::qbft::testing
