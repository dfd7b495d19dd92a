// A node's key file, with the passphrase from a file or the terminal where it is encrypted.
#pragma once

#include "command.hpp"
#include <parley/runtime/folder/folder.hpp>
#include <parley/runtime/folder/key_file.hpp>

#include <optional>
#include <string>

namespace parley::app {

using runtime::Folder;
using runtime::read_key;
using runtime::StoredKey;

/// The key itself, which is that of the file `path`.
Result<NodeKey, Failure> unlock(const std::string& path, StoredKey stored,
                                const std::string& passphrase_file);

/// Whose key it is: as a keystore claims, or by its passphrase if it claims nothing.
Result<NodeId, Failure> id_of(const Folder& folder, StoredKey stored,
                              const std::string& passphrase_file);

/// What to write: encrypted if there is a passphrase.
SecretBytes key_file_text(const NodeKey& key, const std::optional<SecretBytes>& passphrase);

}  // namespace parley::app
