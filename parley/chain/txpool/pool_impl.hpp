// The entries of TxPool in their orders. For its sources alone: Boost.MultiIndex costs every
// source that sees it half a second of compilation.
#pragma once

#include <parley/chain/txpool/pool.hpp>

#include <boost/multi_index/composite_key.hpp>
#include <boost/multi_index/mem_fun.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>

#include <cstdint>
#include <tuple>

namespace parley::chain {

struct BySender {};
struct ByRank {};
struct ByGroup {};
struct ByExpiry {};

using SenderNonce =
    boost::multi_index::composite_key<PooledTx, BOOST_MULTI_INDEX_MEMBER(PooledTx, Address, sender),
                                      BOOST_MULTI_INDEX_MEMBER(PooledTx, std::uint64_t, nonce)>;
using RankOf = boost::multi_index::const_mem_fun<PooledTx, std::tuple<bool, Uint256, std::uint64_t>,
                                                 &PooledTx::rank>;
using GroupRank = boost::multi_index::composite_key<
    PooledTx, BOOST_MULTI_INDEX_MEMBER(PooledTx, std::uint64_t, group), RankOf>;
/// By hash, by sender and nonce, by rank, by group and rank, by the end of the lifetime.
using PoolTable = boost::multi_index_container<
    PooledTx,
    boost::multi_index::indexed_by<
        boost::multi_index::ordered_unique<BOOST_MULTI_INDEX_MEMBER(PooledTx, Hash256, hash)>,
        boost::multi_index::ordered_unique<boost::multi_index::tag<BySender>, SenderNonce>,
        boost::multi_index::ordered_unique<boost::multi_index::tag<ByRank>, RankOf>,
        boost::multi_index::ordered_unique<boost::multi_index::tag<ByGroup>, GroupRank>,
        boost::multi_index::ordered_non_unique<boost::multi_index::tag<ByExpiry>,
                                               BOOST_MULTI_INDEX_MEMBER(PooledTx, Instant,
                                                                        expires)>>>;

struct TxPool::Entries : PoolTable {
    using SenderEntry = index<BySender>::type::const_iterator;

    SenderEntry sender_end(const Address& sender) const {
        return get<BySender>().upper_bound(sender);
    }
    /// The first of the sender's run; the sender's end if there is none.
    SenderEntry run_begin(const Address& sender, const AccountState* state) const {
        const auto account = state ? state->account(sender) : std::nullopt;
        if (!account) return get<BySender>().lower_bound(sender);
        const auto found = get<BySender>().find(std::tuple{sender, account->nonce});
        return found == get<BySender>().end() ? sender_end(sender) : found;
    }
};

}  // namespace parley::chain
