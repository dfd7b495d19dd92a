#include <parley/runtime/folder/key_file.hpp>

#include <parley/identity/key_text.hpp>
#include <parley/runtime/folder/folder.hpp>

#include <fmt/format.h>

#include <utility>

namespace parley::runtime {

Result<StoredKey, StartError> read_key(const std::string& path) {
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

Result<NodeKey, StartError> unlock(const std::string& path, StoredKey stored,
                                   const AskPassphrase& ask) {
    if (auto* key = std::get_if<NodeKey>(&stored)) return std::move(*key);
    if (!ask) {
        return failed(fmt::format("{} is encrypted, and nobody gives its passphrase", path));
    }
    const auto passphrase = ask(path);
    if (!passphrase) return std::unexpected{passphrase.error()};
    auto key = std::get<Keystore>(stored).decrypt(passphrase->bytes());
    if (!key) return failed(fmt::format("{}: {}", path, message(key.error())));
    return std::move(*key);
}

SecretBytes key_file_text(const NodeKey& key, const std::optional<SecretBytes>& passphrase,
                          EntropySource& entropy) {
    if (!passphrase) return key_text(key);
    const auto keystore = Keystore::encrypt(key, passphrase->bytes(), entropy);
    return SecretBytes{bytes_of(keystore.to_json())};
}

}  // namespace parley::runtime
