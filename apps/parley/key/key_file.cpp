#include "key/key_file.hpp"
#include "key/passphrase.hpp"
#include <parley/identity/key_text.hpp>
#include <parley/runtime/entropy.hpp>

#include <fmt/format.h>

#include <utility>

namespace parley::app {

Result<StoredKey, Failure> read_key(const Folder& folder) {
    const auto path = folder.key();
    const auto text = read_secret_file(path, Keystore::size_bytes_max);
    if (!text) return std::unexpected{text.error()};
    if (text->text().find('{') != std::string_view::npos) {
        auto keystore = Keystore::parse(text->text());
        if (!keystore) return failed(fmt::format("{}: {}", path, message(keystore.error())));
        return std::move(*keystore);
    }
    auto key = parse_key_text(text->text());
    if (key) return std::move(*key);
    return failed(fmt::format("{} holds no key: expected 64 hex digits or a keystore", path));
}

Result<NodeKey, Failure> unlock(const Folder& folder, StoredKey stored,
                                const std::string& passphrase_file) {
    if (auto* key = std::get_if<NodeKey>(&stored)) return std::move(*key);
    const auto passphrase = passphrase_of(folder.key(), passphrase_file);
    if (!passphrase) return std::unexpected{passphrase.error()};
    auto key = std::get<Keystore>(stored).decrypt(passphrase->bytes());
    if (!key) return failed(fmt::format("{}: {}", folder.key(), message(key.error())));
    return std::move(*key);
}

Result<NodeId, Failure> id_of(const Folder& folder, StoredKey stored,
                              const std::string& passphrase_file) {
    const auto* keystore = std::get_if<Keystore>(&stored);
    if (keystore != nullptr && keystore->claimed_id()) return *keystore->claimed_id();
    const auto key = unlock(folder, std::move(stored), passphrase_file);
    if (!key) return std::unexpected{key.error()};
    return key->id();
}

SecretBytes key_file_text(const NodeKey& key, const std::optional<SecretBytes>& passphrase) {
    if (!passphrase) return key_text(key);
    runtime::OsEntropy entropy;
    const auto keystore = Keystore::encrypt(key, passphrase->bytes(), entropy);
    return SecretBytes{bytes_of(keystore.to_json())};
}

}  // namespace parley::app
