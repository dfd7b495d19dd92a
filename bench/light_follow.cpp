#include "harness.hpp"
#include "light.hpp"
#include "temp_folder.hpp"
#include <parley/chain/consensus/qbft/seals.hpp>
#include <parley/chain/light/follower.hpp>
#include <parley/chain/light/headers.hpp>
#include <parley/chain/light/light_node.hpp>
#include <parley/chain/light/test_headers.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/runtime/store/lmdb_store.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace parley::bench {
namespace {

using namespace parley::chain;
using namespace parley::chain::light;

constexpr std::size_t headers_count = 100'000;
constexpr std::size_t changes_count = 10;

struct LongChain {
    LongChain() : chain(4) {
        for (std::size_t i = 0; i < changes_count; ++i) {
            chain.grow_by((i + 1) * headers_count / (changes_count + 1) - chain.all.size());
            changed_at.push_back(chain.all.size());
            chain.change(5, i % 2 == 0);
        }
        chain.grow_by(headers_count + 1 - chain.all.size());
        for (const auto& one : chain.all) encoded.push_back(SharedBytes::own(one.header.encode()));
    }
    const Header& last() const { return chain.all.back().header; }

    light::testing::TestHeaders chain;
    std::vector<std::size_t> changed_at;
    std::vector<SharedBytes> encoded;  ///< by number
};

const LongChain& long_chain() {
    static const LongChain out;
    return out;
}

/// A light node without its link: what a full node sends it, and its disk.
class Follow {
public:
    explicit Follow(bool walks)
        : store_(runtime::LmdbStore::open(folder_.file("store"), runtime::LmdbStore::Create::yes)
                     .value()),
          headers_(Headers::open(*store_, long_chain().chain.engine->config().form,
                                 long_chain().chain.all.front())
                       .value()),
          follower_(
              {.walks = walks},
              std::make_shared<const Trust>(TrustConfig{}, long_chain().chain.engine),
              [this](std::uint64_t number) { return headers_.at(number); }, headers_.head()),
          walks_(walks) {}

    double rate() {
        const auto& last = long_chain().last();
        Follower::Effects out;
        follower_.add_peer(1);
        follower_.on_status(
            now_, 1, {last.number, long_chain().chain.all.back().hash, last.difficulty}, out);
        while (!out.empty()) {
            auto effects = std::exchange(out, {});
            for (auto& effect : effects) {
                std::visit([&](auto& one) { perform(one, out); }, effect);
            }
            write();
        }
        if (follower_.head().header.number != last.number || follower_.missing() > 0) {
            throw std::runtime_error{"not all headers came"};
        }
        return static_cast<double>(headers_count) / seconds_;
    }

private:
    void perform(const Follower::Ask& ask, Follower::Effects& out) {
        Items items{ask.question.id, {}};
        for (std::uint32_t i = 0; i < ask.question.count; ++i) {
            items.items.push_back(long_chain().encoded.at(ask.question.last - i));
        }
        const auto message = sync_topic::encode(items);
        const double start = thread_seconds_now();
        const auto answer = sync_topic::decode_items(SharedBytes::copy(message), headers_max);
        std::vector<Header> headers;
        headers.reserve(answer->items.size());
        for (const auto& item : answer.value().items) {
            headers.push_back(
                decode_header(item, follower_engine().extra_data_bytes_max()).value());
        }
        follower_.on_headers(now_, ask.peer, answer->id, std::move(headers), out);
        seconds_ += thread_seconds_now() - start;
    }
    void perform(Follower::Check& check, Follower::Effects& out) {
        const double start = thread_seconds_now();
        check.run();
        follower_.on_checked(now_, std::move(check), out);
        seconds_ += thread_seconds_now() - start;
    }
    void perform(Follower::Keep& keep, Follower::Effects&) {
        const double start = thread_seconds_now();
        headers_.keep(std::move(keep.headers), keep.seals);
        headers_.set_head(follower_.walked(), follower_.gaps(), walks_);
        seconds_ += thread_seconds_now() - start;
    }
    void perform(const Follower::Moved&, Follower::Effects&) {}
    template <class Unexpected>
    void perform(const Unexpected&, Follower::Effects&) {
        throw std::runtime_error{"an honest chain was refused"};
    }
    void write() {
        if (!headers_.has_unwritten()) return;
        const bool is_behind =
            follower_.missing() > 0 || follower_.highest() > headers_.head().header.number;
        if (is_behind && headers_.unwritten() < LightNode::write_min) return;
        const double start = thread_seconds_now();
        const auto batch = headers_.take_batch();
        if (!store_->write(*batch)) throw std::runtime_error{"no disk"};
        headers_.end_write();
        seconds_ += thread_seconds_now() - start;
    }
    const qbft::Qbft& follower_engine() const { return *long_chain().chain.engine; }

    TempFolder folder_;
    std::shared_ptr<runtime::LmdbStore> store_;
    Headers headers_;
    Follower follower_;
    bool walks_;
    Now now_{.unix_time = long_chain().chain.time()};
    double seconds_ = 0;
};

/// How long `work` takes of each header.
template <class Work>
double rate_of(std::size_t count, const Work& work) {
    const double start = thread_seconds_now();
    work();
    return static_cast<double>(count) / (thread_seconds_now() - start);
}

void check_seals_at(std::size_t number) {
    const auto& header = long_chain().chain.at(number);
    const auto form = long_chain().chain.engine->config().form;
    const auto extra = qbft::decode_extra_data(header.extra_data, form);
    if (!qbft::check_seals(header, extra.value(), form, qbft::Validators{extra->validators})) {
        throw std::runtime_error{"no seals"};
    }
}

}  // namespace

double light_skip() {
    return Follow{false}.rate();
}

double light_walk() {
    return Follow{true}.rate();
}

double light_skip_limit() {
    const auto& encoded = long_chain().encoded;
    return rate_of(headers_count, [&] {
        Hash256 sum{};
        for (std::size_t i = 1; i < encoded.size(); ++i) sum = crypto::keccak256(encoded[i]);
        if (sum == Hash256{}) throw std::runtime_error{"no hash"};
        for (const auto number : long_chain().changed_at) check_seals_at(number);
    });
}

double light_walk_limit() {
    return rate_of(headers_count, [&] {
        for (std::size_t i = 1; i < long_chain().chain.all.size(); ++i) check_seals_at(i);
    });
}

}  // namespace parley::bench
