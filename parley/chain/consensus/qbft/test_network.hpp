// For tests only: nodes that agree on a chain of headers in virtual time, with the engine, real
// messages and signatures, and records on disks of their own. Blocks are empty and not executed.
// Messages take `delay`; a test decides who hears whom, and who is killed at which step.
#pragma once

#include <parley/base/rng.hpp>
#include <parley/chain/consensus/qbft/agreement.hpp>
#include <parley/chain/consensus/qbft/test_process.hpp>
#include <parley/chain/consensus/solo/solo.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace parley::chain::qbft::testing {

inline Address account(std::uint64_t seed) {
    return address_of_secret(chain::testing::secret_of(seed));
}

class Network {
public:
    static constexpr Duration delay = std::chrono::milliseconds{20};
    using Verdict = Agreement::Verdict;

    /// Nodes with the keys of accounts 0 to count - 1, of which the first `validators` are some.
    Network(std::size_t count, std::size_t validators, QbftConfig config = {},
            std::uint64_t seed = 1)
        : rng(seed), engine(std::make_shared<const Qbft>(config)) {
        ExtraData extra;
        for (std::uint64_t i = 0; i < validators; ++i) extra.validators.push_back(account(i));
        std::ranges::sort(extra.validators);
        genesis_.header.extra_data = extra.encode();
        genesis_.header.timestamp = 1'000'000;
        genesis_.hash = engine->hash_of(genesis_.header);
        for (std::uint64_t i = 0; i < count; ++i) {
            nodes_.push_back(std::make_unique<Node>(i, rng));
            nodes_.back()->chain = {genesis_};
        }
    }

    // Before or between runs.
    /// Whether a message passes; all do if it is empty.
    std::function<bool(std::size_t from, std::size_t to, const Incoming&)> passes;
    /// Whether blocks that are final are taken over from a node; all are if it is empty.
    std::function<bool(std::size_t from, std::size_t to)> passes_blocks;
    /// Of the blocks that a node makes, before they are proposed.
    std::function<void(std::size_t, Header&)> changes;

    void start(std::size_t index) {
        auto& node = *nodes_[index];
        node.life = {};
        ++node.starts;
        node.jobs = std::make_unique<JobQueue>(64);
        auto records = RecordLog::open(node.first, node.second);
        REQUIRE(records);
        node.agreement = std::make_unique<Agreement>(
            AgreementConfig{}, engine, chain_of(index),
            Agreement::Voice{.say = [this, index](Code code, const SharedBytes& message,
                                                  const auto&) { say(index, code, message); }},
            std::make_shared<WatchedSigner>(node.seed, node.life, signatures),
            std::make_shared<RecordLog>(std::move(*records)), *node.jobs, no_log());
        catch_up(index);
        node.agreement->on_head(now());
        work(index);
        // New links: each side tells what it said at its height.
        for (std::size_t other = 0; other < nodes_.size(); ++other) {
            if (other == index || !is_up(other)) continue;
            for (const auto& said : nodes_[other]->agreement->said()) {
                deliver(other, index, said.code, said.message);
            }
        }
    }
    void start_all() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) start(i);
    }
    void kill(std::size_t index, bool power_cut = false) {
        auto& node = *nodes_[index];
        node.life.is_over = true;
        node.agreement.reset();
        node.jobs.reset();
        if (power_cut) {
            node.first.cut_power();
            node.second.cut_power();
        }
    }
    /// It stops within that step from now on.
    void kill_after(std::size_t index, std::uint64_t steps) {
        nodes_[index]->life.steps_left = steps;
    }
    /// False once it was killed, or came to its last step.
    bool is_up(std::size_t index) const {
        return nodes_[index]->agreement && !nodes_[index]->life.is_over;
    }
    void let_disks_lie() {
        for (auto& node : nodes_) node->first.lies = node->second.lies = true;
    }

    void run(Duration time) {
        run_until([] { return false; }, time);
    }
    /// At most so long; whether it came to be.
    bool run_until(const std::function<bool()>& is_done, Duration at_most) {
        const auto end = instant_ + at_most;
        while (!is_done()) {
            auto next = planned_.empty() ? never : planned_.begin()->first;
            for (std::size_t i = 0; i < nodes_.size(); ++i) {
                if (is_up(i)) next = std::min(next, nodes_[i]->agreement->next_wakeup());
            }
            if (next > end) {
                instant_ = end;
                return is_done();
            }
            instant_ = std::max(instant_, next);
            step();
        }
        return true;
    }
    bool run_to_height(std::size_t index, std::uint64_t height, Duration at_most) {
        return run_until([&] { return head(index).header.number >= height; }, at_most);
    }

    Agreement& agreement(std::size_t index) { return *nodes_[index]->agreement; }
    const ChainHeader& head(std::size_t index) const { return nodes_[index]->chain.back(); }
    const std::vector<ChainHeader>& chain(std::size_t index) const { return nodes_[index]->chain; }
    ExtraData extra_of(const Header& header) const {
        return decode_extra_data(header.extra_data).value();
    }
    Now now() const {
        using std::chrono::seconds;
        return {instant_, UnixTime{seconds{1'000'000}} +
                              std::chrono::duration_cast<UnixTime::duration>(instant_ - Instant{})};
    }
    /// Takes a message that is not sent by say(); what became of it.
    Verdict receive(std::size_t index, Code code, const SharedBytes& message) {
        std::optional<Verdict> out;
        nodes_[index]->agreement->receive(now(), static_cast<std::uint16_t>(code), message,
                                          [&](Now, Verdict verdict) { out = verdict; });
        work(index);
        REQUIRE(out);
        return *out;
    }
    /// Its Jobs, until the process ends.
    void work(std::size_t index) {
        auto& node = *nodes_[index];
        for (auto jobs = node.jobs->take(); !jobs.empty(); jobs = node.jobs->take()) {
            for (auto& job : jobs) {
                job.run();
                if (node.life.is_over) return;
                node.jobs->finish(job, now());
            }
        }
    }
    BlockForm form() const { return {.limits = {.extra_data_bytes_max = extra_data_bytes_max}}; }

    Rng rng;
    std::shared_ptr<const Qbft> engine;
    SignedSoFar signatures;
    std::map<std::uint64_t, Hash256> finals;  ///< by height
    std::vector<std::string> faults;          ///< must be empty in the end

private:
    struct Node {
        Node(std::uint64_t key, Rng& rng) : seed(key), first(life, rng), second(life, rng) {}
        std::uint64_t seed;
        std::uint64_t starts = 0;
        Life life;
        RecordFile first;
        RecordFile second;
        std::vector<ChainHeader> chain;  // on disk
        std::unique_ptr<JobQueue> jobs;  // null: it is down
        std::unique_ptr<Agreement> agreement;
    };

    Agreement::Chain chain_of(std::size_t index) {
        auto& node = *nodes_[index];
        return {.head = [&node]() -> const ChainHeader& { return node.chain.back(); },
                .make =
                    [this, index](Now, const Agreement::Parent& parent, const ExtraData& extra,
                                  std::uint64_t time_s, Agreement::OnDraft done) {
                        plan(index, Duration{},
                             [this, index, parent = parent.header, extra, time_s, done] {
                                 done(now(), make(index, parent, extra, time_s));
                             });
                        return true;
                    },
                .check =
                    [this, index](Now, std::shared_ptr<const ProposedBlock> block, const auto&,
                                  Agreement::OnChecked done) {
                        plan(index, Duration{}, [this, index, block, done] {
                            done(now(), check(index, block->block.header));
                        });
                        return true;
                    },
                .import =
                    [this, index](Now, const Block& block, const auto&) {
                        plan(index, Duration{},
                             [this, index, header = block.header] { import(index, header); });
                    },
                .last_vote =
                    [this, index](Now, const Address&, std::uint64_t, Agreement::OnLastVote done) {
                        plan(index, Duration{}, [this, done] { done(now(), std::nullopt); });
                        return true;
                    },
                .form = form()};
    }

    Agreement::Draft make(std::size_t index, const ChainHeader& parent, const ExtraData& extra,
                          std::uint64_t time_s) {
        Header header;
        header.parent_hash = parent.hash;
        header.number = parent.header.number + 1;
        header.beneficiary = account(nodes_[index]->seed);
        header.timestamp = time_s;
        header.gas_limit = ++made_;  // so that each is another block
        engine->prepare(header, parent, Fork::cancun);
        header.extra_data = extra.encode();
        if (changes) changes(index, header);
        return {.block = {.header = std::move(header)}, .executed = {}};
    }
    Result<ExecutedBlock, std::string> check(std::size_t index, const Header& header) const {
        const auto& head = nodes_[index]->chain.back();
        if (header.parent_hash != head.hash) return std::unexpected{std::string{"no child"}};
        const auto checked = engine->check_proposed(header, head);
        if (!checked) return std::unexpected{checked.error().reason};
        return ExecutedBlock{};
    }
    void import(std::size_t index, const Header& header) {
        auto& node = *nodes_[index];
        if (header.parent_hash != node.chain.back().hash) return;
        const auto checked = engine->check_header(header, node.chain.back(), Fork::cancun);
        if (!checked) return faults.push_back("a final block: " + checked.error().reason);
        const auto hash = engine->hash_of(header);
        if (finals.try_emplace(header.number, hash).first->second != hash) {
            faults.push_back(fmt::format("two final blocks of height {}", header.number));
        }
        node.chain.push_back({.header = header,
                              .hash = hash,
                              .total_difficulty = {},
                              .notes = engine->notes_after(header, node.chain.back())});
        node.agreement->on_head(now());
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
            if (to == index) continue;
            plan(to, delay, [this, to] {
                if (catch_up(to)) nodes_[to]->agreement->on_head(now());
            });
        }
    }
    /// With the longest chain that is there.
    bool catch_up(std::size_t index) {
        auto& own = nodes_[index]->chain;
        const auto before = own.size();
        for (std::size_t other = 0; other < nodes_.size(); ++other) {
            const auto& chain = nodes_[other]->chain;
            if (!is_up(other) || (passes_blocks && !passes_blocks(other, index))) continue;
            for (auto i = own.size(); i < chain.size(); ++i) own.push_back(chain[i]);
        }
        return own.size() > before;
    }

    void say(std::size_t from, Code code, const SharedBytes& message) {
        if (!nodes_[from]->life.step()) return;
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
            if (to != from) deliver(from, to, code, message);
        }
    }
    void deliver(std::size_t from, std::size_t to, Code code, const SharedBytes& message) {
        if (passes) {
            const auto read = read_incoming(static_cast<std::uint16_t>(code), message, form());
            REQUIRE(read);
            if (!passes(from, to, *read)) return;
        }
        plan(to, delay, [this, from, to, code, message] {
            nodes_[to]->agreement->receive(
                now(), static_cast<std::uint16_t>(code), message,
                [this, from, to](Now, Verdict verdict) {
                    if (verdict != Verdict::bad) return;
                    faults.push_back(fmt::format("{} found {} bad", to, from));
                });
        });
    }

    /// Unless the process ends before.
    void plan(std::size_t index, Duration later, std::function<void()> what) {
        planned_.emplace(instant_ + later,
                         [this, index, starts = nodes_[index]->starts, what = std::move(what)] {
                             if (!is_up(index) || starts != nodes_[index]->starts) return;
                             what();
                             work(index);
                         });
    }
    void step() {
        if (!planned_.empty() && planned_.begin()->first <= instant_) {
            const auto run = std::move(planned_.begin()->second);
            planned_.erase(planned_.begin());
            return run();
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!is_up(i) || nodes_[i]->agreement->next_wakeup() > instant_) continue;
            nodes_[i]->agreement->on_timer(now());
            work(i);
        }
    }
    ChainHeader genesis_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::multimap<Instant, std::function<void()>> planned_;
    Instant instant_{};
    std::uint64_t made_ = 0;
};

}  // namespace parley::chain::qbft::testing
