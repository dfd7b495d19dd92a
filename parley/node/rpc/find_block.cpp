#include <parley/node/rpc/find_block.hpp>

#include <parley/base/overloaded.hpp>

#include <utility>

namespace parley::node {

namespace {

using FoundBlock = Result<std::optional<chain::KnownBlock>, rpc::Error>;

FoundBlock block_by_hash(const EthLedger& chain, const Hash256& hash) {
    auto found = chain.ledger.blocks().find(hash);
    if (!found) return std::unexpected{store_failure(found.error())};
    return std::move(*found);
}

FoundBlock block_by_number(const EthLedger& chain, std::uint64_t number) {
    const auto hash = chain.ledger.blocks().main(number);
    if (!hash) return std::unexpected{store_failure(hash.error())};
    if (!*hash) return std::nullopt;
    return block_by_hash(chain, **hash);
}

FoundBlock block_by_tag(const EthLedger& chain, BlockTag tag) {
    switch (tag) {
        case BlockTag::earliest:
            return block_by_number(chain, 0);
        case BlockTag::latest:
        case BlockTag::pending:
            return block_by_hash(chain, chain.ledger.head().hash);
        case BlockTag::finalized:
        case BlockTag::safe:
            break;
    }
    const auto number = chain.finalized ? chain.finalized() : std::nullopt;
    if (number) return block_by_number(chain, *number);
    return rpc::refused(tag == BlockTag::safe ? "safe block not found"
                                              : "finalized block not found");
}

FoundBlock block_by_hash(const EthLedger& chain, const BlockByHash& ref) {
    auto found = block_by_hash(chain, ref.hash);
    if (!found || !*found || !ref.must_be_main) return found;
    const auto main = chain.ledger.blocks().main((*found)->header.header.number);
    if (!main) return std::unexpected{store_failure(main.error())};
    if (*main != ref.hash) return rpc::refused("hash is not currently canonical");
    return found;
}

}  // namespace

rpc::Error store_failure(const StoreError& error) {
    return {rpc::code::internal_error, "the chain cannot be read: " + message(error)};
}

FoundBlock find_block(const EthLedger& chain, const BlockRef& ref) {
    return std::visit(overloaded{
                          [&](BlockTag tag) { return block_by_tag(chain, tag); },
                          [&](std::uint64_t number) { return block_by_number(chain, number); },
                          [&](const BlockByHash& hash) { return block_by_hash(chain, hash); },
                      },
                      ref);
}

Result<chain::KnownBlock, rpc::Error> require_block(const EthLedger& chain, const BlockRef& ref) {
    auto found = find_block(chain, ref);
    if (!found) return std::unexpected{std::move(found.error())};
    if (*found) return std::move(**found);
    return rpc::refused(std::holds_alternative<BlockByHash>(ref) ? "header for hash not found"
                                                                 : "header not found");
}

}  // namespace parley::node
