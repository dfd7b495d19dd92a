// byzantine: validators that use their keys against the others. What they do in a round is drawn
// from the seed, the same towards all; two halves of their links may hear different things.
#include <parley/chain/consensus/qbft/incoming.hpp>
#include <parley/chain/consensus/qbft/qbft_relay.hpp>
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/sim/attacks/attack_rewriter.hpp>
#include <parley/sim/world/chain_hosts.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace parley::sim {

using namespace transport;
namespace qbft = chain::qbft;
using qbft::Commit;
using qbft::Incoming;
using qbft::Prepare;
using qbft::ProposalInput;
using qbft::ProposedBlock;
using qbft::QbftRelay;
using qbft::RoundChange;
using qbft::RoundChangeInput;
using qbft::RoundChangeMessage;
using qbft::Signed;
using qbft::View;

namespace {

enum class Trick : std::uint8_t {
    none,
    equivocate,   // one half hears of another block, or of none that there is
    withhold,     // one link alone hears of its proposals
    unjustified,  // nothing that allows a proposal, or a change of round, is sent with it
    forget,       // its changes of round say that nothing was prepared
    silent,
    late,
};
constexpr std::uint64_t tricks = 7;
constexpr std::size_t twins_max = 64;
constexpr std::size_t late_max = 1'024;
constexpr std::size_t sent_late_max = 4'096;
/// Farther than a machine takes, in both directions.
constexpr std::uint64_t heights_around = 12;
constexpr std::uint64_t rounds_above = 1'200;

class ByzantineActor final : public Rewriter {
public:
    ByzantineActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Rewriter(host, index, rng),
          salt_(rng.split("tricks").next()),
          secret_(signer_secret(host)),
          address_(chain::address_of_secret(secret_)) {}

private:
    struct Late {
        Instant at{};
        Code code{};
        SharedBytes message;
    };

    void started() override {
        every(100ms, [this] { send_late(); });
        every(1s, [this] { send_nonsense(); });
    }

    bool on_send(Now now, LinkId link, std::string_view topic, Send& send) override {
        if (topic != QbftRelay::topic_name || sent_late_.contains(send.message.view().data()))
            return true;
        const auto read = qbft::read_incoming(send.code, send.message, form_);
        if (!read || author_of(read->said) != address_) return true;
        const bool is_other_half = link.value % 2 == 1;
        switch (trick_of(view_of(read->said))) {
            case Trick::none:
                return true;
            case Trick::equivocate:
                if (is_other_half) say_otherwise(*read, send);
                return true;
            case Trick::withhold:
                return send.code != code_of(qbft::Code::proposal) || link.value % 5 == 0;
            case Trick::unjustified:
                unjustify(*read, send);
                return true;
            case Trick::forget:
                forget(*read, send);
                return true;
            case Trick::silent:
                return false;
            case Trick::late:
                hold_back(now, send);
                return false;
        }
        return true;
    }

    static constexpr transport::Code code_of(qbft::Code code) {
        return static_cast<transport::Code>(code);
    }
    Trick trick_of(const View& view) const {
        Rng rng{salt_ ^ (view.height * 0x9e3779b97f4a7c15ULL) ^
                (view.round * 0xc2b2ae3d27d4eb4fULL)};
        return static_cast<Trick>(rng.below(tricks));
    }
    template <class Payload>
    Signed<Payload> signed_by_us(Payload payload) const {
        const auto signature = qbft::seal_with(secret_, signing_hash(payload));
        return {std::move(payload), address_, signature};
    }

    // --- Another thing than was meant ---

    void say_otherwise(const Incoming& said, Send& send) {
        if (const auto* proposal = std::get_if<ProposalInput>(&said.said)) {
            auto message = proposal->message;
            const auto twin = twin_of(*said.block);
            message.signed_block = signed_by_us(qbft::Proposed{
                message.signed_block.payload.view, SharedBytes::own(twin->block.encode())});
            send.message = encode(message);
        } else if (const auto* prepare = std::get_if<Signed<Prepare>>(&said.said)) {
            const auto& [view, digest] = prepare->payload;
            send.message = encode(signed_by_us(Prepare{view, other_digest(digest)}));
        } else if (const auto* commit = std::get_if<Signed<Commit>>(&said.said)) {
            send.message = encode(signed_by_us(other_commit(commit->payload)));
        } else {
            forget(said, send);
        }
    }
    /// A block that is as good, and another one.
    std::shared_ptr<const ProposedBlock> twin_of(const ProposedBlock& block) {
        auto& twin = twins_[block.digest];
        if (twin) return twin;
        auto made = block;
        made.extra.vanity[0] ^= std::byte{1};
        made.block.header.extra_data = made.extra.encode(form_.form);
        made.digest = qbft::hash_with(made.block.header, made.extra, 0, form_.form);
        twin = std::make_shared<const ProposedBlock>(std::move(made));
        const auto out = twin;
        if (twins_.size() > twins_max) twins_.erase(twins_.begin());
        return out;
    }
    Hash256 other_digest(Hash256 digest) const {
        const auto twin = twins_.find(digest);
        if (twin != twins_.end()) return twin->second->digest;
        digest[0] ^= std::byte{1};
        return digest;
    }
    Commit other_commit(const Commit& commit) const {
        Commit out{commit.view, other_digest(commit.digest), commit.seal};
        const auto twin = twins_.find(commit.digest);
        if (twin == twins_.end()) return out;
        const auto& block = *twin->second;
        out.seal = qbft::seal_with(secret_, qbft::hash_with(block.block.header, block.extra,
                                                            commit.view.round, form_.form));
        return out;
    }

    // --- Less than is needed ---

    void unjustify(const Incoming& said, Send& send) {
        if (const auto* proposal = std::get_if<ProposalInput>(&said.said)) {
            send.message =
                encode(qbft::ProposalMessage{.signed_block = proposal->message.signed_block});
        } else if (const auto* change = std::get_if<RoundChangeInput>(&said.said)) {
            send.message =
                encode(RoundChangeMessage{.signed_change = change->message.signed_change});
        }
    }
    void forget(const Incoming& said, Send& send) const {
        const auto* change = std::get_if<RoundChangeInput>(&said.said);
        if (!change) return;
        const auto& view = change->message.signed_change.payload.view;
        send.message = encode(RoundChangeMessage{.signed_change = signed_by_us(RoundChange{view})});
    }

    // --- Later, and what nobody asked for ---

    void hold_back(Now now, const Send& send) {
        const auto is_held = [&](const Late& one) {
            return one.message.view().data() == send.message.view().data();
        };
        if (late_.size() >= late_max || std::ranges::any_of(late_, is_held)) return;
        const Duration delay{static_cast<Duration::rep>(rng().below(Duration{8s}.count()))};
        late_.push_back({now.instant + delay, send.code, send.message});
    }
    void send_late() {
        const auto now = world().now_of(host()).instant;
        for (auto& one : std::exchange(late_, {})) {
            if (one.at > now) {
                late_.push_back(std::move(one));
            } else {
                send_as_it_is(one.code, one.message);
            }
        }
    }
    void send_as_it_is(transport::Code code, const SharedBytes& message) {
        if (sent_.size() >= sent_late_max) {
            sent_late_.erase(sent_.front().view().data());
            sent_.pop_front();
        }
        sent_.push_back(message);
        sent_late_.insert(message.view().data());
        send_to_all(QbftRelay::topic_name, code, message);
    }
    /// Votes for blocks that there are not, at heights and rounds near and far.
    void send_nonsense() {
        const auto* blocks = node().chain().blocks();
        if (!blocks) return;
        const auto number = blocks->ledger().head().header.number;
        const View view{number + rng().below(heights_around),
                        static_cast<std::uint32_t>(rng().below(rounds_above))};
        Hash256 digest{};
        digest[0] = static_cast<std::byte>(rng().below(256));
        using enum qbft::Code;
        switch (rng().below(3)) {
            case 0:
                send_as_it_is(code_of(prepare), encode(signed_by_us(Prepare{view, digest})));
                break;
            case 1:
                send_as_it_is(code_of(commit), encode(signed_by_us(Commit{view, digest, {}})));
                break;
            default:
                send_as_it_is(
                    code_of(round_change),
                    encode(RoundChangeMessage{.signed_change = signed_by_us(RoundChange{view})}));
        }
    }

    std::uint64_t salt_;
    ByteArray<32> secret_;
    chain::Address address_;
    qbft::BlockForm form_{.limits = {.extra_data_bytes_max = qbft::extra_data_bytes_max}};
    std::map<Hash256, std::shared_ptr<const ProposedBlock>> twins_;  // by what they replace
    std::deque<Late> late_;
    std::deque<SharedBytes> sent_;          // to keep their places in memory
    std::set<const std::byte*> sent_late_;  // of `sent_`
};

}  // namespace

std::unique_ptr<Attack> make_byzantine(std::uint64_t seed) {
    return std::make_unique<AttackOf<ByzantineActor, NothingShared>>(seed);
}

}  // namespace parley::sim
