#include <parley/chain/types/fees.hpp>
#include <parley/node/rpc/answers.hpp>
#include <parley/node/rpc/eth_rpc.hpp>
#include <parley/node/rpc/fee_history.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace parley::node {

namespace {

namespace json = rpc::json;

constexpr std::uint64_t history_blocks_max = 1024;
constexpr std::size_t percentiles_max = 100;
/// Looked up in one turn of the node, and read in one Job.
constexpr std::uint64_t page_blocks = 64;

rpc::Result eth_max_priority_fee(EthRpc& eth, const rpc::Call&) {
    return json::value(rpc::hex_quantity(eth.suggested_tip()));
}

/// With the base fee of the head.
rpc::Result eth_gas_price(EthRpc& eth, const rpc::Call&) {
    if (eth.awaits_state()) return eth.no_ledger();
    auto price = eth.suggested_tip();
    if (const auto* chain = eth.chain()) {
        const auto base_fee = chain->ledger.head().header.base_fee.value_or(Uint256{});
        price = checked_add(price, base_fee).value_or(price);
    }
    return json::value(rpc::hex_quantity(price));
}

rpc::Result eth_blob_base_fee(EthRpc& eth, const rpc::Call&) {
    const auto* chain = eth.chain();
    if (chain == nullptr) return eth.no_ledger();
    const auto& header = chain->ledger.head().header;
    if (!header.excess_blob_gas) return json::value("0x0");
    return json::value(
        rpc::hex_quantity(chain::blob_base_fee(chain::next_excess_blob_gas(header))));
}

/// A number, or its digits, decimal or as a quantity: geth takes them all.
Result<std::uint64_t, rpc::Error> block_count_param(const rpc::Call& call, std::size_t index) {
    constexpr std::string_view expected = "a number of blocks";
    if (index >= call.params.size()) return rpc::bad_param(index, expected, "nothing");
    const auto& given = call.params[index];
    if (given.is_number()) {
        boost::system::error_code failed;
        const auto number = given.to_number<std::uint64_t>(failed);
        if (!failed) return number;
        return rpc::bad_param(index, expected, "another number");
    }
    const auto text = rpc::text_param(call, index, expected);
    if (!text) return std::unexpected{text.error()};
    if (text->starts_with("0x")) return rpc::u64_param(call, index);
    std::uint64_t number = 0;
    // Room for all digits of 64 bits.
    const bool is_decimal = !text->empty() && text->size() <= 20 &&
                            text->find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_decimal) return rpc::bad_param(index, expected, "another string");
    for (const char digit : *text) {
        const auto value = static_cast<std::uint64_t>(digit - '0');
        if (number > (std::numeric_limits<std::uint64_t>::max() - value) / 10) {
            return rpc::bad_param(index, expected, "more than 64 bits");
        }
        number = number * 10 + value;
    }
    return number;
}

Result<std::vector<double>, rpc::Error> percentiles_param(const rpc::Call& call,
                                                          std::size_t index) {
    std::vector<double> out;
    const auto* given = rpc::optional_param(call, index);
    if (given == nullptr) return out;
    const auto* array = given->if_array();
    if (array == nullptr) {
        return rpc::bad_param(index, "an array of percentiles", rpc::json_kind(*given));
    }
    if (array->size() > percentiles_max) {
        return rpc::refused(
            fmt::format("invalid reward percentile: over the query limit {}", percentiles_max));
    }
    for (const auto& value : *array) {
        if (!value.is_number()) {
            return rpc::bad_value(fmt::format("{}[{}]", rpc::param_place(index), out.size()),
                                  "a number", rpc::json_kind(value));
        }
        const auto number = value.to_number<double>();
        if (!(number >= 0 && number <= 100)) {
            return rpc::refused(fmt::format("invalid reward percentile: {:f}", number));
        }
        if (!out.empty() && number <= out.back()) {
            return rpc::refused(fmt::format("invalid reward percentile: #{}:{:f} >= #{}:{:f}",
                                            out.size() - 1, out.back(), out.size(), number));
        }
        out.push_back(number);
    }
    return out;
}

/// A history under way, page by page. Passed between the node's thread and a Job; only one of them
/// has it.
struct HistoryBuild {
    EthRpc& eth;
    std::uint64_t oldest;
    std::uint64_t next;
    std::uint64_t end;
    std::vector<double> percentiles;
    rpc::DoneText done;
    FeeHistory history{};
    std::vector<chain::KnownBlock> page{};
    std::optional<rpc::Error> error{};
    std::string text{};

    /// Looks the next blocks up. False: an error. A chain that became shorter ends the history.
    bool take_page() {
        page.clear();
        const auto page_end = std::min(end, next + page_blocks);
        for (; next < page_end; ++next) {
            auto block = find_block(*eth.chain(), next);
            if (!block) {
                error = std::move(block.error());
                return false;
            }
            if (!*block) {
                end = next;
                break;
            }
            page.push_back(std::move(**block));
        }
        return true;
    }
    /// In a Job.
    void read_page(const chain::BlockLog& log, const std::optional<std::uint64_t>& london) {
        for (const auto& block : page) {
            const auto& header = block.header.header;
            const bool is_before_london = london && header.number + 1 == *london;
            history.add(header, is_before_london ? to_uint256(chain::initial_base_fee) : Uint256{});
            if (percentiles.empty()) continue;
            const auto logged = log.read(block.place);
            if (!logged) {
                error = store_failure(logged.error());
                return;
            }
            history.add_tips(tips_at(*logged, percentiles));
        }
        if (next >= end) text = json::serialize(history.to_json(oldest));
    }
};

void read_history(Now now, const std::shared_ptr<HistoryBuild>& build) {
    if (!build->take_page()) return build->done(std::unexpected{*build->error});
    const auto& chain = *build->eth.chain();
    build->eth.reads().read_log(
        now, {.run = [build, log = chain.ledger.log(),
                      london = chain.forks.london_block] { build->read_page(*log, london); },
              .done =
                  [build](Now at, const std::optional<rpc::Error>& error) {
                      if (error) return build->done(std::unexpected{*error});
                      if (build->error) return build->done(std::unexpected{*build->error});
                      if (build->next < build->end) return read_history(at, build);
                      build->done(std::move(build->text));
                  }});
}

void eth_fee_history(EthRpc& eth, const rpc::Call& call, rpc::DoneText done) {
    const auto count = block_count_param(call, 0);
    if (!count) return done(std::unexpected{count.error()});
    const auto ref = block_number_param(call, 1);
    if (!ref) return done(std::unexpected{ref.error()});
    auto percentiles = percentiles_param(call, 2);
    if (!percentiles) return done(std::unexpected{std::move(percentiles.error())});
    const auto* chain = eth.chain();
    if (chain == nullptr) return done(eth.no_ledger());
    if (*count == 0) {
        return done(R"({"oldestBlock":"0x0","baseFeePerGas":[],"gasUsedRatio":[]})");
    }
    const auto newest = find_block(*chain, *ref);
    if (!newest) return done(std::unexpected{newest.error()});
    if (!*newest) {
        const auto* number = std::get_if<std::uint64_t>(&*ref);
        return done(
            rpc::refused(fmt::format("request beyond head block: requested {}, head {}",
                                     number ? *number : 0, chain->ledger.head().header.number)));
    }
    const auto last = (*newest)->header.header.number;
    const auto blocks = std::min({*count, history_blocks_max, last + 1});
    const auto oldest = last + 1 - blocks;
    read_history(call.now,
                 std::make_shared<HistoryBuild>(HistoryBuild{
                     eth, oldest, oldest, last + 1, std::move(*percentiles), std::move(done)}));
}

}  // namespace

void add_fee_methods(EthMethods& list) {
    list.answers("eth_blobBaseFee", 0, &eth_blob_base_fee);
    list.starts_text("eth_feeHistory", 3, &eth_fee_history);
    list.answers("eth_gasPrice", 0, &eth_gas_price);
    list.answers("eth_maxPriorityFeePerGas", 0, &eth_max_priority_fee);
}

}  // namespace parley::node
