#include "key/key_file.hpp"
#include "key/passphrase.hpp"
#include <parley/runtime/entropy.hpp>

#include <utility>

namespace parley::app {

Result<NodeKey, Failure> unlock(const std::string& path, StoredKey stored,
                                const std::string& passphrase_file) {
    return runtime::unlock(path, std::move(stored), [&](const std::string& key_path) {
        return passphrase_of(key_path, passphrase_file);
    });
}

Result<NodeId, Failure> id_of(const Folder& folder, StoredKey stored,
                              const std::string& passphrase_file) {
    const auto* keystore = std::get_if<Keystore>(&stored);
    if (keystore != nullptr && keystore->claimed_id()) return *keystore->claimed_id();
    const auto key = unlock(folder.key(), std::move(stored), passphrase_file);
    if (!key) return std::unexpected{key.error()};
    return key->id();
}

SecretBytes key_file_text(const NodeKey& key, const std::optional<SecretBytes>& passphrase) {
    runtime::OsEntropy entropy;
    return runtime::key_file_text(key, passphrase, entropy);
}

}  // namespace parley::app
