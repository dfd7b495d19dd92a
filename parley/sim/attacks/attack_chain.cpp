// lie: answers to questions about the chain that are wrong, or none.
#include <parley/chain/consensus/qbft/extra_data.hpp>
#include <parley/chain/light/messages.hpp>
#include <parley/chain/sync/messages.hpp>
#include <parley/chain/types/account.hpp>
#include <parley/chain/types/header.hpp>
#include <parley/sim/attacks/attack_rewriter.hpp>
#include <parley/transport/handshake/hello_check.hpp>

#include <algorithm>
#include <utility>

namespace parley::sim {

using namespace transport;
namespace sync = chain::sync_topic;
namespace light = chain::light;

namespace {

constexpr std::string_view sync_topic_name = "sync";
/// Above the true head.
constexpr std::uint64_t invented_blocks = 1'000;

enum class LieStyle : std::uint8_t { accounts, nothing, headers, bodies };
constexpr std::uint64_t lie_styles = 4;

/// One header in the middle is of another state.
void spoil_headers(Send& send) {
    auto items = sync::decode_items(send.message, sync::headers_max);
    if (!items || items->items.empty()) return;
    auto& item = items->items[items->items.size() / 2];
    auto header = chain::decode_header(item, chain::qbft::extra_data_bytes_max);
    if (!header) return;
    header->state_root[0] ^= std::byte{1};
    item = SharedBytes::own(header->encode());
    send.message = sync::encode(*items);
}

/// Each is the body of another block.
void spoil_bodies(Send& send) {
    auto items = sync::decode_items(send.message, sync::bodies_max);
    if (!items) return;
    auto& bodies = items->items;
    if (bodies.size() > 1) {
        std::ranges::rotate(bodies, bodies.begin() + 1);
    } else if (bodies.size() == 1) {
        // No transactions, no ommers, one withdrawal of nothing.
        const auto lie = from_hex("dbc0c0d8d7808094000000000000000000000000000000000000000080");
        bodies[0] = SharedBytes::own(Buffer{*lie});
    }
    send.message = sync::encode(*items);
}

/// Somebody is richer.
template <class Answer>
void spoil_accounts(Send& send, chain::sync_topic::Decoded<Answer> answer) {
    if (!answer || answer->entries.empty()) return;
    auto& value = answer->entries[answer->entries.size() / 2].value;
    auto account = chain::decode_slim(value);
    if (!account) return;
    account->balance[31] ^= std::byte{1};
    value = SharedBytes::own(chain::encode_slim(*account));
    send.message = sync::encode(*answer);
}

/// A leaf of a trie says something else.
void spoil_proofs(Send& send) {
    auto items = sync::decode_items(send.message, light::nodes_max);
    if (!items || items->items.empty()) return;
    auto node = to_buffer(Bytes{items->items.back()});
    node.back() ^= std::byte{1};
    items->items.back() = SharedBytes::own(std::move(node));
    send.message = sync::encode(*items);
}

/// The transaction is in another block.
void spoil_inclusion(Send& send) {
    auto inclusion = light::decode_inclusion(send.message);
    if (!inclusion || inclusion->number == 0) return;
    --inclusion->number;
    send.message = light::encode(*inclusion);
}

/// A head that nobody made.
void spoil_head(Send& send) {
    auto status = sync::decode_status(send.message);
    if (!status) return;
    status->number += invented_blocks;
    status->head[0] ^= std::byte{1};
    send.message = sync::encode(*status);
}

class LieActor final : public Rewriter {
public:
    LieActor(HostId host, std::size_t index, Rng rng, NothingShared&)
        : Rewriter(host, index, rng), style_(static_cast<LieStyle>(index % lie_styles)) {}

private:
    void started() override {
        every(3s, [this] { dial_victim(); });
    }
    bool on_send(Now, LinkId, std::string_view topic, Send& send) override {
        if (topic == light_topic_name) return on_light(send);
        if (topic != sync_topic_name) return true;
        const bool is_answer = send.code == sync::headers || send.code == sync::bodies ||
                               send.code == sync::accounts || send.code == sync::changes ||
                               send.code == sync::transactions;
        if (style_ == LieStyle::nothing) return !is_answer;
        if (style_ == LieStyle::headers && send.code == sync::headers) spoil_headers(send);
        if (style_ == LieStyle::bodies && send.code == sync::bodies) spoil_bodies(send);
        // All but the mute ones lie about the state: it costs the most.
        if (send.code == sync::accounts) {
            spoil_accounts(send, sync::decode_accounts(send.message));
        }
        if (send.code == sync::changes) spoil_accounts(send, sync::decode_changes(send.message));
        return true;
    }
    bool on_light(Send& send) const {
        const bool is_answer = send.code == light::code::headers ||
                               send.code == light::code::proofs ||
                               send.code == light::code::inclusion;
        if (style_ == LieStyle::nothing) return !is_answer;
        if (style_ == LieStyle::headers && send.code == light::code::headers) spoil_headers(send);
        if (style_ == LieStyle::bodies && send.code == light::code::new_head) spoil_head(send);
        if (send.code == light::code::proofs) spoil_proofs(send);
        if (send.code == light::code::inclusion) spoil_inclusion(send);
        return true;
    }

    LieStyle style_;
};

}  // namespace

std::unique_ptr<Attack> make_lie(std::uint64_t seed) {
    return std::make_unique<AttackOf<LieActor, NothingShared>>(seed);
}

}  // namespace parley::sim
