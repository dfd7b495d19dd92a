#include <parley/node/rpc/proof_json.hpp>

#include <parley/chain/trie/walk.hpp>
#include <parley/crypto/hash.hpp>
#include <parley/node/rpc/find_block.hpp>
#include <parley/rpc/hex.hpp>
#include <parley/rpc/values.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace parley::node {

namespace {

namespace json = rpc::json;

constexpr std::size_t shown_chars_max = 80;  // of what a caller wrote

std::unexpected<rpc::Error> bad_storage_key(std::string_view why, std::string_view text) {
    const bool is_plain =
        std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"'; });
    const auto shown = is_plain && text.size() <= shown_chars_max
                           ? fmt::format("{}: \"{}\"", why, text)
                           : std::string{why};
    return std::unexpected{rpc::Error{rpc::code::invalid_params, shown}};
}

Result<json::array, rpc::Error> path_json(const chain::StateNodes& nodes,
                                          const std::optional<Hash256>& owner, const Hash256& root,
                                          const Hash256& key) {
    using chain::trie::Nibbles;
    const chain::TrieOfState reader{nodes, owner};
    const auto proof = chain::trie::prove(reader, root, Nibbles::of_key(key));
    if (!proof) {
        return std::unexpected{
            rpc::Error{rpc::code::internal_error,
                       "the state cannot be read: " + chain::trie::message(proof.error())}};
    }
    json::array out;
    for (const auto& node : *proof) out.emplace_back(rpc::hex_data(node));
    return out;
}

Result<json::array, rpc::Error> slots_json(const chain::StateView& view,
                                           const chain::StateNodes& nodes, const Hash256& account,
                                           const Hash256& root, std::span<const StorageKey> keys) {
    json::array out;
    for (const auto& key : keys) {
        const auto hash = crypto::keccak256(key.slot);
        const auto value = view.slot(account, hash);
        if (!value) return std::unexpected{store_failure(value.error())};
        auto proof = path_json(nodes, account, root, hash);
        if (!proof) return std::unexpected{std::move(proof.error())};
        const bool is_whole = key.bytes == sizeof(Hash256);
        out.push_back({{"key", is_whole ? rpc::hex_data(key.slot) : rpc::hex_quantity(key.slot)},
                       {"value", rpc::hex_quantity(*value)},
                       {"proof", std::move(*proof)}});
    }
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

rpc::Result proof_json(const chain::StateView& view, const chain::StateNodes& nodes,
                       const ProofOf& wanted) {
    const auto key = crypto::keccak256(wanted.address);
    const auto account = view.account(key);
    if (!account) return std::unexpected{store_failure(account.error())};
    auto proof = path_json(nodes, std::nullopt, wanted.state_root, key);
    if (!proof) return std::unexpected{std::move(proof.error())};
    // Where there is no account, there are no hashes, as with geth.
    const auto shown = account->value_or(chain::Account{.storage_root = {}, .code_hash = {}});
    const auto root = *account ? shown.storage_root : chain::empty_root_hash;
    auto slots = slots_json(view, nodes, key, root, wanted.keys);
    if (!slots) return std::unexpected{std::move(slots.error())};
    return json::value{{"address", wanted.address.to_string()},
                       {"accountProof", std::move(*proof)},
                       {"balance", rpc::hex_quantity(shown.balance)},
                       {"codeHash", rpc::hex_data(shown.code_hash)},
                       {"nonce", rpc::hex_quantity(shown.nonce)},
                       {"storageHash", rpc::hex_data(shown.storage_root)},
                       {"storageProof", std::move(*slots)}};
}

}  // namespace parley::node
