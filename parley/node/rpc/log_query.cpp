#include <parley/node/rpc/log_query.hpp>

#include <parley/chain/types/address.hpp>
#include <parley/chain/types/receipt.hpp>
#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <string>

namespace parley::node {

namespace {

namespace json = rpc::json;

using Checked = Result<void, rpc::Error>;

/// Null where it is absent or null.
const json::value* member_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Checked check_one(const json::value& value, const std::string& where, std::size_t size) {
    const auto bytes = rpc::data_value(value, where, size);
    if (!bytes) return std::unexpected{bytes.error()};
    return {};
}

/// One of a size, or an array of such.
Checked check_alternatives(const json::value& value, const std::string& where, std::size_t size) {
    const auto* array = value.if_array();
    if (array == nullptr) return check_one(value, where, size);
    if (array->size() > log_alternatives_max) {
        return rpc::refused("exceed max addresses or topics per search position");
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
        if (auto one = check_one((*array)[i], fmt::format("{}[{}]", where, i), size); !one) {
            return one;
        }
    }
    return {};
}

Checked check_topics(const json::value& value, const std::string& where) {
    const auto* array = value.if_array();
    if (array == nullptr) return rpc::bad_value(where, "an array", rpc::json_kind(value));
    if (array->size() > chain::topics_max) return rpc::refused("exceed max topics");
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto& topic = (*array)[i];
        if (topic.is_null()) continue;
        if (auto one = check_alternatives(topic, fmt::format("{}[{}]", where, i), sizeof(Hash256));
            !one) {
            return one;
        }
    }
    return {};
}

Checked read_blocks(const json::object& object, const std::string& where, LogQuery& out) {
    const auto* hash = member_of(object, "blockHash");
    const auto* from = member_of(object, "fromBlock");
    const auto* to = member_of(object, "toBlock");
    if (hash != nullptr && (from != nullptr || to != nullptr)) {
        return std::unexpected{rpc::Error{
            rpc::code::invalid_params,
            "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other"}};
    }
    if (hash != nullptr) {
        const auto bytes = rpc::data_value(*hash, where + ".blockHash", sizeof(Hash256));
        if (!bytes) return std::unexpected{bytes.error()};
        out.block_hash = array_of<sizeof(Hash256)>(*bytes);
    }
    if (from != nullptr) {
        const auto ref = read_block_number(*from, where + ".fromBlock");
        if (!ref) return std::unexpected{ref.error()};
        out.from = *ref;
    }
    if (to != nullptr) {
        const auto ref = read_block_number(*to, where + ".toBlock");
        if (!ref) return std::unexpected{ref.error()};
        out.to = *ref;
    }
    return {};
}

}  // namespace

Result<LogQuery, rpc::Error> log_query_param(const rpc::Call& call, std::size_t index) {
    if (index >= call.params.size()) return rpc::bad_param(index, "a filter", "nothing");
    const auto where = rpc::param_place(index);
    const auto* object = call.params[index].if_object();
    if (object == nullptr) {
        return rpc::bad_param(index, "a filter", rpc::json_kind(call.params[index]));
    }
    LogQuery out;
    if (auto blocks = read_blocks(*object, where, out); !blocks) {
        return std::unexpected{std::move(blocks.error())};
    }
    if (const auto* address = member_of(*object, "address")) {
        if (auto fit = check_alternatives(*address, where + ".address", sizeof(chain::Address));
            !fit) {
            return std::unexpected{std::move(fit.error())};
        }
    }
    if (const auto* topics = member_of(*object, "topics")) {
        if (auto fit = check_topics(*topics, where + ".topics"); !fit) {
            return std::unexpected{std::move(fit.error())};
        }
    }
    return out;
}

}  // namespace parley::node
