// A key file, the node's or a signer's: 64 hex digits, or a keystore (docs/formats/keystore.md).
#pragma once

#include <parley/base/secret_bytes.hpp>
#include <parley/identity/keystore.hpp>
#include <parley/identity/node_key.hpp>
#include <parley/runtime/start_error.hpp>

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace parley::runtime {

using StoredKey = std::variant<NodeKey, Keystore>;
/// Gives the passphrase of an encrypted key; the argument is the key file's path.
using AskPassphrase = std::function<Result<SecretBytes, StartError>(const std::string& key_path)>;

/// Fails if others than the owner may read it.
Result<StoredKey, StartError> read_key(const std::string& path);
/// The key itself. `ask` is called if it is encrypted; without it that is an error.
Result<NodeKey, StartError> unlock(const std::string& path, StoredKey stored,
                                   const AskPassphrase& ask);

/// What to write: encrypted if there is a passphrase.
SecretBytes key_file_text(const NodeKey& key, const std::optional<SecretBytes>& passphrase,
                          EntropySource& entropy);

}  // namespace parley::runtime
