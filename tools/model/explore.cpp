#include <tools/model/explore.hpp>

#include <parley/base/overloaded.hpp>

#include <fmt/format.h>
#include <tools/model/byzantine.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <utility>

namespace parley::model {
namespace {

using MachineId = std::uint32_t;
using SetId = std::uint32_t;

/// One thing that happens to a validator.
struct Event {
    enum class Kind : std::uint8_t { hears, times_out, restarts };
    Kind kind{};
    std::vector<SaidId> said = {};
    friend auto operator<=>(const Event&, const Event&) = default;
};

struct Answer {
    MachineId machine = 0;
    std::vector<SaidId> said;
};

/// A validator: its machine and what it has on disk.
struct Validator {
    qbft::Machine machine;
    std::optional<qbft::Record> record;
};

struct State {
    std::array<MachineId, validator_count> machines{};  // the faulty one's is not used
    SetId said = 0;
    std::uint32_t restarts = 0;
    friend bool operator==(const State&, const State&) = default;
};

struct StateHash {
    std::size_t operator()(const State& state) const {
        std::size_t out = state.said * 31U + state.restarts;
        for (const auto id : state.machines) out = out * 0x9E3779B97F4A7C15ULL + id;
        return out ^ (out >> 29U);
    }
};

struct Reached {
    State state;
    std::uint32_t from = 0;
    std::uint32_t depth = 0;
    std::uint8_t who = 0;
    std::uint32_t event = 0;
};

class Explorer {
public:
    Explorer(std::size_t faulty, std::size_t restarts, std::size_t states_max)
        : faulty_(faulty), restarts_(restarts), states_max_(states_max) {
        std::vector<chain::Address> all;
        for (std::size_t i = 0; i < validator_count; ++i) all.push_back(validator(i));
        config_.height = height;
        config_.validators = qbft::Validators{all};
        config_.skips_silent = false;
        config_.waits_for_quorum = false;  // a round may end at any moment
        byzantine_.emplace(faulty, config_.validators, messages_);
    }

    Exploration run() {
        begin();
        for (std::size_t i = 0; i < reached_.size() && !bad_; ++i) {
            expand(static_cast<std::uint32_t>(i));
            if (reached_.size() > states_max_) break;
        }
        Exploration out{.states = reached_.size(),
                        .machines = validators_.size(),
                        .depth = reached_.back().depth,
                        .violation = {}};
        if (bad_) out.violation = trace(*bad_);
        return out;
    }

private:
    static Now at(std::uint64_t seconds) {
        return {.instant = Instant{} + std::chrono::seconds{seconds}, .unix_time = {}};
    }

    void begin() {
        State first;
        first.restarts = static_cast<std::uint32_t>(restarts_);
        std::vector<SaidId> said;
        for (std::size_t who = 0; who < validator_count; ++who) {
            if (who == faulty_) continue;
            const auto answer = start(who, std::nullopt);
            first.machines[who] = answer.machine;
            said.insert(said.end(), answer.said.begin(), answer.said.end());
        }
        first.said = set_of(std::move(said));
        reach({.state = first});
    }

    Answer start(std::size_t who, const std::optional<qbft::Record>& record) {
        auto config = config_;
        config.self = validator(who);
        qbft::Effects out;
        Validator made{qbft::Machine{config, {}, record, at(0), out}, record};
        return settle(who, std::move(made), std::move(out));
    }

    /// Carries out effects until there are none.
    Answer settle(std::size_t who, Validator one, qbft::Effects effects) {
        Answer answer;
        const auto self = validator(who);
        const auto say = [&](const Said& said) {
            if (view_of(said).round < rounds) answer.said.push_back(messages_.id_of(said));
        };
        while (!effects.empty()) {
            qbft::Effects more;
            for (auto& effect : effects) {
                std::visit(
                    overloaded{
                        [&](qbft::Keep& keep) { one.record = std::move(keep.record); },
                        [&](qbft::SayProposal& proposal) {
                            const auto value = value_at(proposal.payload.block);
                            say(qbft::ProposalInput{{{proposal.payload, self, {}},
                                                     std::move(proposal.round_changes),
                                                     std::move(proposal.prepares)},
                                                    digest_of(value),
                                                    self});
                        },
                        [&](const qbft::SayPrepare& vote) {
                            say(qbft::Signed<qbft::Prepare>{vote.payload, self, {}});
                        },
                        [&](const qbft::SayCommit& vote) {
                            say(qbft::Signed<qbft::Commit>{{vote.view, vote.digest, {}}, self, {}});
                        },
                        [&](qbft::SayRoundChange& change) {
                            qbft::RoundChangeInput input{
                                {{change.payload, self, {}}, change.block, change.prepares}, {}};
                            if (change.payload.prepared) {
                                input.digest = change.payload.prepared->digest;
                            }
                            say(input);
                        },
                        [](const qbft::RepeatRoundChange&) {},
                        [&](const qbft::MakeBlock& make) {
                            const auto value = make.view.round % 2 == 0 ? Value::one : Value::two;
                            one.machine.on_made(at(1), make.view, digest_of(value), block_of(value),
                                                more);
                        },
                        [&](const qbft::CheckBlock& check) {
                            one.machine.on_checked(at(1), check.digest,
                                                   value_of(check.digest) != Value::bad, more);
                        },
                        [](const qbft::Finish&) {}, [](const qbft::Accuse&) {}},
                    effect);
            }
            effects = std::move(more);
        }
        answer.machine = id_of(who, std::move(one));
        return answer;
    }

    static Value value_at(Bytes block) { return static_cast<Value>(block[0]); }

    MachineId id_of(std::size_t who, Validator one) {
        auto key = one.machine.snapshot();
        key.push_back(static_cast<std::byte>(who));
        if (one.record) {
            // All else that is on disk is in the machine as well, until it restarts.
            key.push_back(static_cast<std::byte>(one.record->view.round + 1));
        }
        const auto [place, is_new] =
            machine_ids_.try_emplace(std::move(key), static_cast<MachineId>(validators_.size()));
        if (is_new) validators_.push_back(std::move(one));
        return place->second;
    }

    SetId set_of(std::vector<SaidId> said) {
        std::ranges::sort(said);
        said.erase(std::unique(said.begin(), said.end()), said.end());
        const auto [place, is_new] =
            set_ids_.try_emplace(std::move(said), static_cast<SetId>(sets_.size()));
        if (is_new) {
            sets_.push_back(&place->first);
            heard_.emplace_back(messages_, place->first);
        }
        return place->second;
    }

    void reach(Reached one) {
        if (!known_.try_emplace(one.state, static_cast<std::uint32_t>(reached_.size())).second) {
            return;
        }
        reached_.push_back(one);
        if (!bad_ && !fault_of(heard_[one.state.said]).empty()) {
            bad_ = static_cast<std::uint32_t>(reached_.size() - 1);
        }
    }

    /// What must not be: two blocks that a quorum committed, or one that may not follow.
    static std::string fault_of(const Heard& heard) {
        std::optional<Value> decided;
        for (std::uint32_t round = 0; round < rounds; ++round) {
            for (const auto value : values) {
                // The faulty validator commits whatever helps.
                if (heard.commits(round, value) + 1 < 3) continue;
                if (value == Value::bad) return "a block is final that may not follow";
                if (decided && *decided != value) return "two blocks are final";
                decided = value;
            }
        }
        return {};
    }

    void expand(std::uint32_t index) {
        const auto state = reached_[index].state;
        for (std::size_t who = 0; who < validator_count; ++who) {
            if (who == faulty_) continue;
            for (const auto event : events_of(state, who)) {
                const auto& answer = answer_to(who, state.machines[who], event);
                auto next = state;
                next.machines[who] = answer.machine;
                if (events_[event].kind == Event::Kind::restarts) --next.restarts;
                if (!answer.said.empty()) {
                    auto said = *sets_[state.said];
                    said.insert(said.end(), answer.said.begin(), answer.said.end());
                    next.said = set_of(std::move(said));
                }
                reach({.state = next,
                       .from = index,
                       .depth = reached_[index].depth + 1,
                       .who = static_cast<std::uint8_t>(who),
                       .event = event});
            }
        }
    }

    std::vector<std::uint32_t> events_of(const State& state, std::size_t who) {
        // By copy: what the faulty validator says may be new, and moves these.
        const Heard heard = heard_[state.said];
        const auto& machine = validators_[state.machines[who]].machine;
        const auto round = machine.round();
        if (round >= rounds) return {};
        const bool is_proposer = machine.proposer() == validator(who);
        std::vector<std::uint32_t> out;
        const auto add = [&](Event event) { out.push_back(event_id(std::move(event))); };
        for (auto at = round; at < rounds; ++at) {
            const auto said =
                at == faulty_ ? byzantine_->proposals(heard, at) : heard.proposals(at);
            for (const auto id : said) add({Event::Kind::hears, {id}});
        }
        for (const auto value : values) {
            // Before the proposal is taken they change nothing.
            if (machine.proposed() != digest_of(value)) continue;
            auto prepares = heard.prepares(round, value);
            if (prepares.size() + 1 < 3) continue;
            if (prepares.size() < 3) prepares.push_back(byzantine_->prepare(round, value));
            Event event{Event::Kind::hears, {}};
            for (const auto& one : prepares) event.said.push_back(messages_.id_of(one));
            add(std::move(event));
        }
        if (round > 0 && is_proposer) {
            for (const auto id : heard.round_changes(round)) add({Event::Kind::hears, {id}});
            for (const auto id : byzantine_->round_changes(heard, round)) {
                add({Event::Kind::hears, {id}});
            }
        }
        if (round + 1 < rounds) add({Event::Kind::times_out, {}});
        if (state.restarts > 0) add({Event::Kind::restarts, {}});
        return out;
    }

    std::uint32_t event_id(Event event) {
        const auto [place, is_new] =
            event_ids_.try_emplace(std::move(event), static_cast<std::uint32_t>(events_.size()));
        if (is_new) events_.push_back(place->first);
        return place->second;
    }

    const Answer& answer_to(std::size_t who, MachineId machine, std::uint32_t event) {
        const auto key = std::uint64_t{machine} << 32U | event;
        if (const auto known = answers_.find(key); known != answers_.end()) return known->second;
        const auto what = events_[event];
        auto one = validators_[machine];
        qbft::Effects out;
        Answer answer;
        switch (what.kind) {
            case Event::Kind::restarts:
                answer = start(who, one.record);
                break;
            case Event::Kind::times_out:
                one.machine.on_timer(at(1'000'000 * (one.machine.round() + 1)), out);
                answer = settle(who, std::move(one), std::move(out));
                break;
            case Event::Kind::hears:
                // What is refused changes nothing.
                for (const auto id : what.said) (void)one.machine.hear(at(1), messages_[id], out);
                answer = settle(who, std::move(one), std::move(out));
                break;
        }
        return answers_.emplace(key, std::move(answer)).first->second;
    }

    std::vector<std::string> trace(std::uint32_t index) const {
        std::vector<std::string> out{fault_of(heard_[reached_[index].state.said])};
        for (; index != 0; index = reached_[index].from) {
            const auto& step = reached_[index];
            const char who = static_cast<char>('A' + step.who);
            const auto& event = events_[step.event];
            switch (event.kind) {
                case Event::Kind::times_out:
                    out.push_back(fmt::format("{} times out", who));
                    break;
                case Event::Kind::restarts:
                    out.push_back(fmt::format("{} restarts", who));
                    break;
                case Event::Kind::hears: {
                    std::string text = fmt::format("{} hears: ", who);
                    for (std::size_t i = 0; i < event.said.size(); ++i) {
                        text += (i > 0 ? ", " : "") + text_of(messages_[event.said[i]]);
                    }
                    out.push_back(std::move(text));
                }
            }
        }
        std::ranges::reverse(out);
        return out;
    }

    std::size_t faulty_;
    std::size_t restarts_;
    std::size_t states_max_;
    qbft::MachineConfig config_;
    Messages messages_;
    std::optional<Byzantine> byzantine_;
    std::vector<Validator> validators_;
    std::map<Buffer, MachineId> machine_ids_;
    std::map<std::vector<SaidId>, SetId> set_ids_;
    std::vector<const std::vector<SaidId>*> sets_;
    std::vector<Heard> heard_;
    std::vector<Event> events_;
    std::map<Event, std::uint32_t> event_ids_;
    std::unordered_map<std::uint64_t, Answer> answers_;
    std::unordered_map<State, std::uint32_t, StateHash> known_;
    std::vector<Reached> reached_;
    std::optional<std::uint32_t> bad_;
};

}  // namespace

Exploration explore(std::size_t faulty, std::size_t restarts, std::size_t states_max) {
    return Explorer{faulty, restarts, states_max}.run();
}

}  // namespace parley::model
