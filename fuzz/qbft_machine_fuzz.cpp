// Validators under any order of events: the bytes are a program that delivers, doubles and holds
// back messages, lets time pass, kills validators between any two effects, and has as many lie as
// may be faulty. No two blocks are final, no honest validator contradicts what it said or kept, or
// is refused or accused by another, and what is kept of others is bounded. When the program ends
// and all messages arrive, a block is final.
#include <parley/base/overloaded.hpp>
#include <parley/chain/consensus/qbft/test_cluster.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <span>

using namespace parley;
using namespace parley::chain;
using namespace parley::chain::qbft;
using qbft::testing::validator;

namespace {

constexpr std::uint64_t height = 5;
constexpr int steps_max = 400;
constexpr std::size_t block_values = 256;
constexpr std::size_t first_bad = 192;  // from here on a block may not follow
constexpr std::uint32_t rounds_to_end = 40;

void require(bool holds) {
    if (!holds) std::abort();
}

/// Blocks of one byte, which also says who made it.
struct Blocks {
    std::array<SharedBytes, block_values> block;
    std::array<Hash256, block_values> digest{};
    std::map<Hash256, std::size_t> value;
    Blocks() {
        for (std::size_t i = 0; i < block_values; ++i) {
            block[i] = qbft::testing::block_of(static_cast<std::uint8_t>(i));
            digest[i] = qbft::testing::digest_of(block[i]);
            value[digest[i]] = i;
        }
    }
    static Address maker(std::size_t value) { return validator(value % 16); }
};
const Blocks& blocks() {
    static const Blocks all;
    return all;
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
    std::size_t below(std::size_t bound) { return byte() % bound; }

private:
    std::span<const std::uint8_t> rest_;
};

struct Node {
    std::optional<Machine> machine;
    std::optional<Record> record;        // on disk
    std::deque<Said> own;                // what it said comes back to it
    std::deque<CheckBlock> checks = {};  // to be answered
    std::optional<View> make;            // to be answered
    std::optional<RoundChangeInput> last_change;
    std::size_t heard = 0;               // messages of the bag, when all are delivered
    std::optional<unsigned> dies_after;  // effects
    std::uint8_t made = 0;               // blocks, so that each is another one
    std::map<std::pair<std::size_t, std::uint32_t>, Hash256> ever_said;  // by kind and round
};

class Run {
public:
    explicit Run(Input input) : input_(input) {
        constexpr std::size_t counts[] = {4, 4, 7, 5, 3, 2, 1, 4};
        const auto count = counts[input_.below(std::size(counts))];
        std::vector<Address> all;
        for (std::size_t i = 0; i < count; ++i) all.push_back(validator(i));
        config_.height = height;
        config_.validators = Validators{all};
        config_.period_end = Instant{} + std::chrono::seconds{1};
        const auto first_faulty = input_.below(count);
        for (std::size_t i = 0; i < config_.validators.faulty_max(); ++i) {
            faulty_.push_back(validator((first_faulty + i) % count));
        }
        if (const auto which = input_.byte(); which % 2 == 1) {
            silent_.insert(validator(which / 2 % count));
        }
        nodes_.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            if (is_honest(validator(i))) honest_.push_back(i);
        }
        for (const auto index : honest_) start(index);
    }

    void run() {
        for (int i = 0; i < steps_max && !input_.at_end(); ++i) step();
        finish_all();
    }

private:
    bool is_honest(const Address& author) const {
        return config_.validators.contains(author) &&
               std::ranges::find(faulty_, author) == faulty_.end();
    }
    std::size_t some_honest() { return honest_[input_.below(honest_.size())]; }

    void step() {
        const auto what = input_.byte();
        switch (what % 16) {
            case 0:
            case 1:
            case 2:
            case 3: {
                if (bag_.empty()) return;
                const auto who = some_honest();
                return hear(who, bag_[input_.below(bag_.size())]);
            }
            case 4:
                if (bag_.empty()) return;
                return hear_all(bag_[bag_.size() - 1 - input_.below(bag_.size())]);
            case 5:
            case 6:
                return answer(some_honest());
            case 7:
                return pass_time(some_honest());
            case 8:
                return start(some_honest());
            case 9:
                nodes_[some_honest()].dies_after = input_.byte() % 4;
                return;
            case 10:
            case 11:
                return deliver_all();
            case 12:
                return say_vote();
            case 13:
                return say_change();
            case 14:
                return say_proposal();
            default:
                return say_out_of_bounds();
        }
    }

    // The honest ones.

    void start(std::size_t index) {
        auto& node = nodes_[index];
        node.own.clear();
        node.checks.clear();
        node.make.reset();
        node.last_change.reset();
        node.dies_after.reset();
        auto config = config_;
        config.self = validator(index);
        Effects out;
        node.machine.emplace(config, silent_, node.record, now(), out);
        carry_out(index, std::move(out));
    }

    void hear(std::size_t index, const Said& said) {
        auto& node = nodes_[index];
        Effects out;
        const auto taken = node.machine->hear(now(), said, out);
        // Some honest validator may have gone on alone, but none lies.
        if (!taken && is_honest(author_of(said))) {
            require(taken.error().code == VoteErrc::too_far_ahead);
        }
        carry_out(index, std::move(out));
        check_bounds(*node.machine);
    }
    void hear_all(const Said& said) {
        for (const auto index : honest_) hear(index, said);
    }

    /// One of the things that it waits for: its own words, a block, a check.
    void answer(std::size_t index) {
        auto& node = nodes_[index];
        Effects out;
        if (!node.own.empty()) {
            const auto said = std::move(node.own.front());
            node.own.pop_front();
            return hear(index, said);
        }
        if (node.make) {
            const auto view = *std::exchange(node.make, std::nullopt);
            const auto value = index + std::size_t{16} * (node.made++ % (first_bad / 16));
            node.machine->on_made(now(), view, blocks().digest[value], blocks().block[value], out);
        } else if (!node.checks.empty()) {
            const auto digest = node.checks.front().digest;
            node.checks.pop_front();
            node.machine->on_checked(now(), digest, blocks().value.at(digest) < first_bad, out);
        }
        carry_out(index, std::move(out));
    }
    bool waits(const Node& node) const {
        return !node.own.empty() || node.make || !node.checks.empty();
    }

    void pass_time(std::size_t index) {
        auto& machine = *nodes_[index].machine;
        const auto at = machine.next_wakeup();
        if (at == never) return;
        instant_ = std::max(instant_, at);
        Effects out;
        machine.on_timer(now(), out);
        require(machine.next_wakeup() > instant_);
        carry_out(index, std::move(out));
    }

    void deliver_all() {
        bool goes_on = true;
        while (goes_on) {
            goes_on = false;
            for (const auto index : honest_) {
                auto& node = nodes_[index];
                while (waits(node)) answer(index);
                for (; node.heard < bag_.size(); goes_on = true) {
                    hear(index, bag_[node.heard++]);
                }
                goes_on = goes_on || waits(node);
            }
        }
    }

    /// From now on nothing is lost, and the faulty ones are silent.
    void finish_all() {
        const auto is_finished = [&] {
            return std::ranges::any_of(
                honest_, [&](std::size_t i) { return nodes_[i].machine->is_finished(); });
        };
        for (const auto index : honest_) {
            nodes_[index].heard = 0;
            nodes_[index].dies_after.reset();
        }
        deliver_all();
        for (std::uint32_t turn = 0; !is_finished(); ++turn) {
            require(turn < rounds_to_end * 31 * honest_.size());
            // Who is to wake up first, as clocks have it.
            const auto next = *std::ranges::min_element(
                honest_, {}, [&](std::size_t i) { return nodes_[i].machine->next_wakeup(); });
            pass_time(next);
            deliver_all();
        }
    }

    void carry_out(std::size_t index, Effects effects) {
        auto& node = nodes_[index];
        for (const auto& effect : effects) {
            if (node.dies_after && (*node.dies_after)-- == 0) return start(index);
            std::visit([&](const auto& one) { perform(index, one); }, effect);
        }
    }

    void perform(std::size_t index, const Keep& keep) { nodes_[index].record = keep.record; }
    void perform(std::size_t index, const SayProposal& say) {
        const auto value = std::to_integer<std::size_t>(Bytes{say.payload.block}[0]);
        const auto& digest = blocks().digest[value];
        const auto& record = record_for(index, say.payload.view);
        require(record.proposed == digest);
        send(index, digest,
             ProposalInput{{{say.payload, validator(index), {}}, say.round_changes, say.prepares},
                           digest,
                           Blocks::maker(value)});
    }
    void perform(std::size_t index, const SayPrepare& say) {
        require(record_for(index, say.payload.view).prepared == say.payload.digest);
        send(index, say.payload.digest, Signed<Prepare>{say.payload, validator(index), {}});
    }
    void perform(std::size_t index, const SayCommit& say) {
        const auto& record = record_for(index, say.view);
        require(record.committed == say.digest);
        require(record.certificate &&
                record.certificate->prepared == PreparedRound{say.view.round, say.digest});
        send(index, say.digest, Signed<Commit>{{say.view, say.digest, {}}, validator(index), {}});
    }
    void perform(std::size_t index, const SayRoundChange& say) {
        const auto& certificate = record_for(index, say.payload.view).certificate;
        const auto kept = certificate ? std::optional{certificate->prepared} : std::nullopt;
        require(say.payload.prepared == kept);
        RoundChangeInput input{{{say.payload, validator(index), {}}, say.block, say.prepares}, {}};
        Hash256 what{};
        if (kept) {
            input.digest = kept->digest;
            // One block may be prepared in several rounds.
            what = kept->digest;
            what[0] ^= static_cast<std::byte>(kept->round + 1);
        }
        nodes_[index].last_change = input;
        send(index, what, std::move(input));
    }
    void perform(std::size_t index, const RepeatRoundChange&) {
        bag_.push_back(nodes_[index].last_change.value());
    }
    void perform(std::size_t index, const MakeBlock& make) { nodes_[index].make = make.view; }
    void perform(std::size_t index, const CheckBlock& check) {
        nodes_[index].checks.push_back(check);
    }
    void perform(std::size_t, const Finish& finish) {
        require(blocks().value.at(finish.digest) < first_bad);
        require(!final_ || *final_ == finish.digest);
        final_ = finish.digest;
        std::set<Address> authors;
        for (const auto& commit : finish.commits) {
            require(commit.payload.view == finish.view && commit.payload.digest == finish.digest);
            authors.insert(commit.author);
        }
        require(authors.size() == finish.commits.size());
        require(authors.size() >= config_.validators.quorum());
    }
    void perform(std::size_t, const Accuse& accuse) {
        const auto author = [](const auto& one) { return one.author; };
        require(!is_honest(std::visit(author, accuse.first)));
        require(std::visit(author, accuse.first) == std::visit(author, accuse.second));
    }

    /// What it wrote down, which is of the view in which it speaks.
    const Record& record_for(std::size_t index, const View& view) const {
        const auto& record = nodes_[index].record;
        require(record && record->view == view);
        return *record;
    }

    /// `what` must be the same whenever it says this kind of thing in this round.
    void send(std::size_t index, const Hash256& what, Said said) {
        auto& node = nodes_[index];
        const auto known =
            node.ever_said.try_emplace({said.index(), view_of(said).round}, what).first;
        require(known->second == what);
        node.own.push_back(said);
        bag_.push_back(std::move(said));
    }

    void check_bounds(const Machine& machine) const {
        constexpr std::size_t vote_bytes = 3 + 5 + 33;
        const auto each = 2 * (Machine::votes_kept * vote_bytes + 3) + 2 * vote_bytes;
        require(machine.snapshot().size() <= 256 + config_.validators.size() * each);
        require(machine.progress().validators.size() == config_.validators.size());
    }

    // The faulty ones: whatever they can sign, with any of the honest ones' messages.

    /// Where none may be faulty, one that is no validator.
    Address some_faulty() {
        return faulty_.empty() ? validator(99) : faulty_[input_.below(faulty_.size())];
    }
    std::uint32_t some_round() {
        std::uint32_t highest = 0;
        for (const auto index : honest_) {
            highest = std::max(highest, nodes_[index].machine->round());
        }
        const auto down = static_cast<std::uint32_t>(input_.below(4));
        return down > highest + 1 ? 0 : highest + 1 - down;
    }
    /// One that was spoken of, or a new one.
    std::size_t some_block(const Address& author) {
        const auto which = input_.byte();
        if (which % 4 != 0 && !bag_.empty()) {
            const auto& said = bag_[which % bag_.size()];
            if (const auto* one = std::get_if<ProposalInput>(&said)) {
                return blocks().value.at(one->digest);
            }
            if (const auto* one = std::get_if<Signed<Prepare>>(&said)) {
                return blocks().value.at(one->payload.digest);
            }
        }
        const auto index = std::to_integer<std::size_t>(author.value[0]) - 1;
        return (index + which / 16 * std::size_t{16}) % block_values;
    }
    std::vector<Signed<Prepare>> prepares_for(std::uint32_t round, const Hash256& digest) const {
        std::map<Address, Signed<Prepare>> out;
        for (const auto& said : bag_) {
            const auto* one = std::get_if<Signed<Prepare>>(&said);
            if (one && one->payload == Prepare{{height, round}, digest}) {
                out.emplace(one->author, *one);
            }
        }
        for (const auto& author : faulty_) {
            out.emplace(author, Signed<Prepare>{{{height, round}, digest}, author, {}});
        }
        std::vector<Signed<Prepare>> all;
        for (const auto& [author, one] : out) all.push_back(one);
        return all;
    }

    void say_vote() {
        const auto author = some_faulty();
        const View view{height, some_round()};
        const auto digest = blocks().digest[some_block(author)];
        if (input_.byte() % 2 == 0) {
            bag_.emplace_back(Signed<Prepare>{{view, digest}, author, {}});
        } else {
            bag_.emplace_back(Signed<Commit>{{view, digest, {}}, author, {}});
        }
    }
    RoundChangeInput some_change(std::uint32_t round, const Address& author) {
        RoundChangeInput out{{{{{height, round}, {}}, author, {}}, {}, {}}, {}};
        if (input_.byte() % 2 == 0) return out;
        const auto value = some_block(author);
        const PreparedRound prepared{some_round(), blocks().digest[value]};
        out.message.signed_change.payload.prepared = prepared;
        out.message.block = blocks().block[value];
        out.message.prepares = prepares_for(prepared.round, prepared.digest);
        out.digest = prepared.digest;
        return out;
    }
    void say_change() {
        const auto round = some_round();
        bag_.emplace_back(some_change(round, some_faulty()));
    }
    void say_proposal() {
        const auto round = some_round();
        auto author = config_.validators.proposer(config_.parent_proposer, round);
        if (is_honest(author)) author = some_faulty();
        auto value = some_block(author);
        ProposalInput out;
        if (round > 0) {
            std::map<Address, Signed<RoundChange>> changes;
            for (const auto& said : bag_) {
                const auto* one = std::get_if<RoundChangeInput>(&said);
                if (!one || view_of(said).round != round || input_.byte() % 8 == 0) continue;
                changes.insert_or_assign(author_of(said), one->message.signed_change);
            }
            for (const auto& one : faulty_) {
                changes.insert_or_assign(one, some_change(round, one).message.signed_change);
            }
            for (auto& [who, one] : changes) out.message.round_changes.push_back(one);
            const auto last = last_prepared(out.message.round_changes);
            if (last && input_.byte() % 4 != 0) {
                out.message.prepares = prepares_for(last->round, last->digest);
                value = blocks().value.at(last->digest);
            }
        }
        out.message.signed_block = {{{height, round}, blocks().block[value]}, author, {}};
        out.digest = blocks().digest[value];
        out.maker = Blocks::maker(value);
        bag_.emplace_back(std::move(out));
    }
    /// Of another height, of nobody, or far ahead: refused by all.
    void say_out_of_bounds() {
        const auto what = input_.byte() % 3;
        Signed<Prepare> vote{{{height, 0}, {}}, some_faulty(), {}};
        if (what == 0) vote.payload.view.height = height + 1;
        if (what == 1) vote.author = validator(200);
        if (what == 2) vote.payload.view.round = ~0U;
        for (const auto index : honest_) {
            Effects out;
            require(!nodes_[index].machine->hear(now(), vote, out));
            require(out.empty());
        }
    }

    Now now() const { return {.instant = instant_, .unix_time = {}}; }

    Input input_;
    MachineConfig config_;
    std::vector<Address> faulty_;
    std::set<Address> silent_;  // in the height before
    std::vector<std::size_t> honest_;
    std::vector<Node> nodes_;
    std::deque<Said> bag_;  // all that was said and may arrive; references into it last
    std::optional<Hash256> final_;
    Instant instant_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Run{Input{std::span{data, size}}}.run();
    return 0;
}
