#include <parley/node/rpc/proof_json.hpp>

#include <parley/chain/trie/walk.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/params.hpp>
#include <parley/rpc/values.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

constexpr std::size_t keys_max = 1024;       // as geth
constexpr std::size_t shown_chars_max = 80;  // of what a caller wrote

std::unexpected<rpc::Error> bad_storage_key(std::string_view why, std::string_view text) {
    const bool is_plain =
        std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"'; });
    const auto shown = is_plain && text.size() <= shown_chars_max
                           ? fmt::format("{}: \"{}\"", why, text)
                           : std::string{why};
    return std::unexpected{rpc::Error{rpc::code::invalid_params, shown}};
}

using Nodes = Result<std::vector<Buffer>, rpc::Error>;

Nodes nodes_to(const chain::StateNodes& nodes, const std::optional<Hash256>& owner,
               const Hash256& root, const Hash256& key) {
    using chain::trie::Nibbles;
    const chain::TrieOfState reader{nodes, owner};
    auto proof = chain::trie::prove(reader, root, Nibbles::of_key(key));
    if (proof) return std::move(*proof);
    return std::unexpected{
        rpc::Error{rpc::code::internal_error,
                   "the state cannot be read: " + chain::trie::message(proof.error())}};
}

json::array nodes_json(const std::vector<Buffer>& nodes) {
    json::array out;
    for (const auto& node : nodes) out.emplace_back(rpc::hex_data(node));
    return out;
}

}  // namespace

Result<StorageKey, rpc::Error> read_storage_key(std::string_view text) {
    auto digits = text;
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    const std::string even =
        digits.size() % 2 == 0 ? std::string{digits} : "0" + std::string{digits};
    if (even.size() > 2 * sizeof(Hash256)) {
        return bad_storage_key("storage key too long (want at most 32 bytes)", text);
    }
    const auto bytes = even.starts_with("0x") ? std::nullopt : from_hex(even);
    if (!bytes) return bad_storage_key("invalid hex in storage key", text);
    StorageKey out{.bytes = bytes->size()};
    std::ranges::copy(*bytes, out.slot.end() - static_cast<std::ptrdiff_t>(bytes->size()));
    return out;
}

Result<std::vector<StorageKey>, rpc::Error> storage_keys_param(const rpc::Call& call,
                                                               std::size_t index) {
    std::vector<StorageKey> out;
    const auto* given = rpc::optional_param(call, index);
    if (given == nullptr) return out;
    const auto* array = given->if_array();
    if (array == nullptr) {
        return rpc::bad_param(index, "an array of storage keys", rpc::json_kind(*given));
    }
    if (array->size() > keys_max) {
        return std::unexpected{
            rpc::Error{rpc::code::invalid_params,
                       fmt::format("too many storage keys requested (max {}, got {})", keys_max,
                                   array->size())}};
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto text = rpc::text_value(
            (*array)[i], fmt::format("{}[{}]", rpc::param_place(index), i), "a storage key");
        if (!text) return std::unexpected{text.error()};
        const auto key = read_storage_key(*text);
        if (!key) return std::unexpected{key.error()};
        out.push_back(*key);
    }
    return out;
}

Result<AccountProof, rpc::Error> read_proof(const chain::StateView& view,
                                            const chain::StateNodes& nodes,
                                            const Hash256& state_root,
                                            const chain::Address& address,
                                            std::span<const StorageKey> keys) {
    const auto hash = crypto::keccak256(address);
    const auto account = view.account(hash);
    if (!account) return std::unexpected{store_failure(account.error())};
    auto path = nodes_to(nodes, std::nullopt, state_root, hash);
    if (!path) return std::unexpected{std::move(path.error())};
    AccountProof out{.account = *account, .nodes = std::move(*path), .slots = {}};
    const auto root = *account ? (*account)->storage_root : chain::empty_root_hash;
    for (const auto& key : keys) {
        const auto slot = crypto::keccak256(key.slot);
        const auto value = view.slot(hash, slot);
        if (!value) return std::unexpected{store_failure(value.error())};
        auto slot_path = nodes_to(nodes, hash, root, slot);
        if (!slot_path) return std::unexpected{std::move(slot_path.error())};
        out.slots.push_back({*value, std::move(*slot_path)});
    }
    return out;
}

json::value proof_json(const chain::Address& address, std::span<const StorageKey> keys,
                       const AccountProof& proof) {
    // Where there is no account, there are no hashes, as with geth.
    const auto shown = proof.account.value_or(chain::Account{.storage_root = {}, .code_hash = {}});
    json::array slots;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& key = keys[i];
        const bool is_whole = key.bytes == sizeof(Hash256);
        slots.push_back({{"key", is_whole ? rpc::hex_data(key.slot) : rpc::hex_quantity(key.slot)},
                         {"value", rpc::hex_quantity(proof.slots[i].value)},
                         {"proof", nodes_json(proof.slots[i].nodes)}});
    }
    return {{"address", address.to_string()},
            {"accountProof", nodes_json(proof.nodes)},
            {"balance", rpc::hex_quantity(shown.balance)},
            {"codeHash", rpc::hex_data(shown.code_hash)},
            {"nonce", rpc::hex_quantity(shown.nonce)},
            {"storageHash", rpc::hex_data(shown.storage_root)},
            {"storageProof", std::move(slots)}};
}

}  // namespace parley::node
