// What a genesis file may say: the keys of each of its objects, and what becomes of their values.
// Threading: constants and pure functions. Spec: docs/formats/genesis.md.
#pragma once

#include <parley/chain/genesis/genesis.hpp>
#include <parley/chain/genesis/genesis_json.hpp>
#include <parley/chain/genesis/json_walk.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace parley::chain {

/// The objects in a genesis file.
enum class GenesisSection : std::uint8_t {
    none,
    root,
    config,
    blob_schedule,
    cancun_blobs,
    qbft,
    pow,
    alloc,  ///< its keys are addresses
    account,
    storage,  ///< its keys are slots
    ignored,  ///< whatever is in it
};

/// What has been read, and the account that is being read.
struct GenesisDraft {
    Genesis genesis;
    GenesisAccount* account = nullptr;
};

/// A key that has a meaning in its section.
struct GenesisField {
    std::string_view name;
    std::string_view expected;  ///< in words
    /// False: the value does not fit. Null if the value is an object, which `opens` names.
    bool (*read)(GenesisDraft& to, const JsonScalar& from);
    GenesisSection opens = GenesisSection::none;
    bool is_required = false;
    GenesisErrc error = GenesisErrc::bad_value;
};

/// Empty where keys are no names. At most 64.
std::span<const GenesisField> genesis_fields(GenesisSection section);
/// Of any case, as Geth takes them. Null: it is ignored. A fork that is not known here is a field
/// that nothing fits.
const GenesisField* find_genesis_field(GenesisSection section, std::string_view name);

}  // namespace parley::chain
