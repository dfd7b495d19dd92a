#include <parley/node/rpc/call_args.hpp>

#include <parley/rpc/params.hpp>

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

/// Reads the members of one object until one is wrong.
class ArgsReader {
public:
    ArgsReader(const json::object& object, std::string where)
        : object_(object), where_(std::move(where)) {}

    void read(std::string_view name, std::optional<std::uint64_t>& to) {
        if (const auto* value = find(name)) keep(rpc::u64_value(*value, place(name)), to);
    }
    void read(std::string_view name, std::optional<Uint256>& to) {
        if (const auto* value = find(name)) keep(rpc::quantity_value(*value, place(name)), to);
    }
    void read(std::string_view name, std::optional<Buffer>& to) {
        if (const auto* value = find(name)) keep(rpc::data_value(*value, place(name)), to);
    }
    void read(std::string_view name, std::optional<chain::Address>& to) {
        if (const auto* value = find(name)) keep(address(*value, place(name)), to);
    }
    void read(std::string_view name, std::optional<std::vector<Hash256>>& to) {
        if (const auto* value = find(name)) keep(hashes(*value, place(name)), to);
    }
    void read(std::string_view name, std::optional<std::vector<chain::AccessEntry>>& to) {
        if (const auto* value = find(name)) keep(access_list(*value, place(name)), to);
    }
    bool has(std::string_view name) const { return find(name) != nullptr; }
    void fail(rpc::Error error) {
        if (!error_) error_ = std::move(error);
    }
    const std::optional<rpc::Error>& error() const { return error_; }

private:
    const json::value* find(std::string_view name) const {
        const auto* value = object_.if_contains(name);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    std::string place(std::string_view name) const { return fmt::format("{}.{}", where_, name); }
    template <class T>
    void keep(Result<T, rpc::Error> result, std::optional<T>& to) {
        if (result) {
            to = std::move(*result);
        } else {
            fail(std::move(result.error()));
        }
    }

    static Result<chain::Address, rpc::Error> address(const json::value& value,
                                                      const std::string& where) {
        const auto bytes = rpc::data_value(value, where, sizeof(chain::Address));
        if (!bytes) return std::unexpected{bytes.error()};
        return chain::Address{array_of<sizeof(chain::Address)>(*bytes)};
    }
    static Result<std::vector<Hash256>, rpc::Error> hashes(const json::value& value,
                                                           const std::string& where) {
        const auto* array = value.if_array();
        if (array == nullptr) return rpc::bad_value(where, "an array", rpc::json_kind(value));
        std::vector<Hash256> out;
        for (const auto& item : *array) {
            const auto bytes =
                rpc::data_value(item, fmt::format("{}[{}]", where, out.size()), sizeof(Hash256));
            if (!bytes) return std::unexpected{bytes.error()};
            out.push_back(array_of<sizeof(Hash256)>(*bytes));
        }
        return out;
    }
    static Result<std::vector<chain::AccessEntry>, rpc::Error> access_list(
        const json::value& value, const std::string& where) {
        const auto* array = value.if_array();
        if (array == nullptr) return rpc::bad_value(where, "an array", rpc::json_kind(value));
        std::vector<chain::AccessEntry> out;
        for (const auto& item : *array) {
            const auto at = fmt::format("{}[{}]", where, out.size());
            const auto* object = item.if_object();
            if (object == nullptr) return rpc::bad_value(at, "an object", rpc::json_kind(item));
            const auto* who = object->if_contains("address");
            if (who == nullptr) return rpc::bad_value(at + ".address", "hex data", "nothing");
            const auto account = address(*who, at + ".address");
            if (!account) return std::unexpected{account.error()};
            chain::AccessEntry entry{*account, {}};
            if (const auto* keys = object->if_contains("storageKeys"); keys && !keys->is_null()) {
                auto read = hashes(*keys, at + ".storageKeys");
                if (!read) return std::unexpected{std::move(read.error())};
                entry.keys = std::move(*read);
            }
            out.push_back(std::move(entry));
        }
        return out;
    }

    const json::object& object_;
    std::string where_;
    std::optional<rpc::Error> error_;
};

void read_data(ArgsReader& in, CallArgs& out) {
    std::optional<Buffer> data;
    std::optional<Buffer> input;
    in.read("data", data);
    in.read("input", input);
    if (data && input && *data != *input) {
        in.fail({rpc::code::refused,
                 "both \"data\" and \"input\" are set and not equal. Please use \"input\" to pass "
                 "transaction call data"});
    }
    if (input) {
        out.data = std::move(*input);
    } else if (data) {
        out.data = std::move(*data);
    }
}

/// What the fields say together.
void check_together(ArgsReader& in, const CallArgs& args, std::uint64_t our_chain_id) {
    const auto refuse = [&](std::string why) { in.fail({rpc::code::refused, std::move(why)}); };
    if (args.gas_price && (args.max_fee || args.max_priority_fee)) {
        refuse("both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified");
    }
    if (args.chain_id && *args.chain_id != our_chain_id) {
        refuse(fmt::format("chainId does not match node's (have={}, want={})", *args.chain_id,
                           our_chain_id));
    }
    for (const auto* name : {"blobs", "commitments", "proofs", "authorizationList"}) {
        if (in.has(name)) refuse(fmt::format("\"{}\" is not supported by this chain", name));
    }
}

}  // namespace

bool CallArgs::has_fees() const {
    const auto costs = [](const std::optional<Uint256>& fee) { return fee && *fee != Uint256{}; };
    return costs(gas_price) || costs(max_fee) || costs(max_priority_fee);
}

chain::Transaction CallArgs::transaction(std::uint64_t our_chain_id, chain::Fork fork) const {
    chain::Transaction tx;
    tx.type = chain::TxType::dynamic_fee;
    if (gas_price || (fork < chain::Fork::london && !max_fee && !max_priority_fee)) {
        tx.type = access_list ? chain::TxType::access_list : chain::TxType::legacy;
    }
    if (blob_hashes) tx.type = chain::TxType::blob;
    tx.chain_id = our_chain_id;
    tx.nonce = nonce.value_or(0);
    tx.gas_limit = gas.value_or(0);
    tx.max_fee = gas_price ? *gas_price : max_fee.value_or(Uint256{});
    tx.max_priority_fee = gas_price ? *gas_price : max_priority_fee.value_or(Uint256{});
    tx.to = to;
    tx.value = value.value_or(Uint256{});
    tx.data = SharedBytes::copy(data);
    if (access_list) tx.access_list = *access_list;
    if (blob_hashes) {
        tx.blob_hashes = *blob_hashes;
        tx.max_fee_per_blob_gas = max_blob_fee.value_or(Uint256{});
    }
    return tx;
}

Result<CallArgs, rpc::Error> call_args_param(const rpc::Call& call, std::size_t index,
                                             std::uint64_t our_chain_id) {
    if (index >= call.params.size()) return rpc::bad_param(index, "a transaction", "nothing");
    const auto* object = call.params[index].if_object();
    if (object == nullptr) {
        return rpc::bad_param(index, "a transaction", rpc::json_kind(call.params[index]));
    }
    ArgsReader in{*object, rpc::param_place(index)};
    CallArgs out;
    std::optional<chain::Address> from;
    in.read("from", from);
    out.from = from.value_or(chain::Address{});
    in.read("to", out.to);
    in.read("gas", out.gas);
    in.read("nonce", out.nonce);
    in.read("chainId", out.chain_id);
    in.read("value", out.value);
    in.read("gasPrice", out.gas_price);
    in.read("maxFeePerGas", out.max_fee);
    in.read("maxPriorityFeePerGas", out.max_priority_fee);
    in.read("maxFeePerBlobGas", out.max_blob_fee);
    in.read("accessList", out.access_list);
    in.read("blobVersionedHashes", out.blob_hashes);
    read_data(in, out);
    check_together(in, out, our_chain_id);
    if (in.error()) return std::unexpected{*in.error()};
    return out;
}

}  // namespace parley::node
