// A node's key file: 64 hex digits, or a keystore (docs/formats/keystore.md).
#pragma once

#include "command.hpp"
#include "folder.hpp"
#include <parley/base/secret_bytes.hpp>
#include <parley/identity/keystore.hpp>
#include <parley/identity/node_key.hpp>

#include <optional>
#include <string>
#include <variant>

namespace parley::app {

using StoredKey = std::variant<NodeKey, Keystore>;

/// Fails if others than the owner may read it.
Result<StoredKey, Failure> read_key(const Folder& folder);
/// The key itself. The passphrase, where there is one, comes from `passphrase_file` or the
/// terminal.
Result<NodeKey, Failure> unlock(const Folder& folder, StoredKey stored,
                                const std::string& passphrase_file);

/// Whose key it is: as a keystore claims, or by its passphrase if it claims nothing.
Result<NodeId, Failure> id_of(const Folder& folder, StoredKey stored,
                              const std::string& passphrase_file);

/// What to write: encrypted if there is a passphrase.
SecretBytes key_file_text(const NodeKey& key, const std::optional<SecretBytes>& passphrase);

}  // namespace parley::app
