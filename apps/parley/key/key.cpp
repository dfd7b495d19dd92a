// parley key: makes a node's key file, shows it, encrypts it with a passphrase, decrypts it.
#include "command.hpp"
#include "folder.hpp"
#include "key/key_file.hpp"
#include "key/passphrase.hpp"
#include <parley/chain/consensus/solo/solo.hpp>
#include <parley/runtime/entropy.hpp>

#include <boost/json.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace parley::app {

namespace {

namespace json = boost::json;

constexpr auto show_description =
    R"text(Prints whose key the folder DIR holds and how it is kept; never the key itself.
A node is known by its ID, and who signs blocks by the address of the same key.
With --passphrase-file an encrypted key is decrypted, to see that it can be.)text";

constexpr auto show_footer = R"text(EXAMPLES
  parley key show alice
  parley key show alice --passphrase-file alice.pass
  parley genesis --validator $(parley key show alice --file validator.key --address)

FILES
  DIR/node.key   the key, or that of --file

EXIT STATUS
  0 it is sound, 1 it is not, 2 wrong command line)text";

constexpr auto new_description =
    R"text(Makes a key in the folder DIR and prints its node ID, before there is a node: so that
somebody can allow or invite it. `parley init DIR --keep-key` makes the rest. With --file
it is a key beside the node's, such as a validator's.)text";

constexpr auto new_footer = R"text(EXAMPLES
  parley key new bob
  parley key new bob --passphrase-file bob.pass
  parley key new bob --file validator.key

FILES
  DIR/node.key   the key, or that of --file, mode 0600; encrypted with --encrypt or
                 --passphrase-file

EXIT STATUS
  0 made, 1 not made, 2 wrong command line)text";

constexpr auto encrypt_description =
    R"text(Encrypts the key of the folder DIR with a passphrase, from a file or asked for twice
on the terminal. From then on `parley run` needs it. A key whose passphrase is lost
is lost. Old copies of the file, and what a disk kept of it, stay as they were.)text";

constexpr auto encrypt_footer = R"text(EXAMPLES
  parley key encrypt alice
  parley key encrypt alice --passphrase-file alice.pass

FILES
  DIR/node.key   replaced at once or not at all: the form is that of Ethereum's
                 clients ("Web3 Secret Storage", version 3)
  DIR/lock       held meanwhile, so that no node runs

EXIT STATUS
  0 encrypted, 1 left as it was, 2 wrong command line)text";

constexpr auto decrypt_description =
    R"text(Writes the key of the folder DIR without encryption, readable by its owner alone.)text";

constexpr auto decrypt_footer = R"text(EXAMPLES
  parley key decrypt alice
  parley key decrypt alice --passphrase-file alice.pass

FILES
  DIR/node.key   replaced at once or not at all: 64 hex digits, mode 0600
  DIR/lock       held meanwhile, so that no node runs

EXIT STATUS
  0 decrypted, 1 left as it was, 2 wrong command line)text";

struct Options {
    std::string folder;
    std::string file = "node.key";
    std::string passphrase_file;
    bool id_alone = false;
    bool address_alone = false;
    bool encrypt = false;
    bool json = false;
};

std::string kdf_text(const Keystore::Kdf& kdf) {
    if (const auto* cost = std::get_if<crypto::ScryptCost>(&kdf)) {
        return fmt::format("scrypt, n {}, r {}, p {}", cost->n, cost->r, cost->p);
    }
    return fmt::format("PBKDF2, {} iterations", std::get<Keystore::Pbkdf2>(kdf).iterations);
}

Outcome show(const Options& options) {
    const auto path = Folder{options.folder}.file(options.file);
    auto stored = read_key(path);
    if (!stored) return std::unexpected{stored.error()};
    const auto* keystore = std::get_if<Keystore>(&*stored);
    const auto kdf = keystore != nullptr ? kdf_text(keystore->kdf()) : std::string{};
    std::optional<NodeId> id = keystore != nullptr ? keystore->claimed_id() : std::nullopt;
    std::string address;
    if (!id || !options.passphrase_file.empty() || (options.address_alone && !kdf.empty())) {
        const auto key = unlock(path, std::move(*stored), options.passphrase_file);
        if (!key) return std::unexpected{key.error()};
        id = key->id();
        address = chain::address_of_secret(key->secret()).to_string();
    }
    if (options.id_alone || options.address_alone) {
        fmt::print("{}\n", options.id_alone ? id->to_string() : address);
        return {};
    }
    if (options.json) {
        json::object out{{"id", id->to_string()}, {"encrypted", !kdf.empty()}};
        if (!address.empty()) out["address"] = address;
        if (!kdf.empty()) out["kdf"] = kdf;
        fmt::print("{}\n", json::serialize(out));
        return {};
    }
    fmt::print("ID       {}\n", id->to_string());
    if (!address.empty()) fmt::print("Address  {}\n", address);
    fmt::print("Key      {}\n", kdf.empty() ? "not encrypted" : "encrypted (" + kdf + ")");
    return {};
}

Outcome make(const Options& options) {
    const Folder folder{options.folder};
    const auto path = folder.file(options.file);
    std::error_code error;
    if (std::filesystem::exists(path, error)) {
        return failed(path + " is there already and is left as it is");
    }
    std::optional<SecretBytes> passphrase;
    if (options.encrypt || !options.passphrase_file.empty()) {
        auto chosen = new_passphrase(path, options.passphrase_file);
        if (!chosen) return std::unexpected{chosen.error()};
        passphrase = std::move(*chosen);
    }
    std::filesystem::create_directories(folder.path, error);
    if (error) return failed(fmt::format("cannot make {}: {}", folder.path, error.message()));
    runtime::OsEntropy entropy;
    const auto key = NodeKey::generate(entropy);
    const auto text = key_file_text(key, passphrase);
    if (auto ok = write_new_file(path, text.text(), 0600); !ok) return ok;
    fmt::print("{}\n", key.id().to_string());
    return {};
}

Outcome encrypt(const Options& options) {
    const Folder folder{options.folder};
    const auto path = folder.file(options.file);
    auto stored = read_key(path);
    if (!stored) return std::unexpected{stored.error()};
    const auto* key = std::get_if<NodeKey>(&*stored);
    if (key == nullptr) return failed(path + " is encrypted already");
    const auto lock = lock_folder(folder);
    if (!lock) return std::unexpected{lock.error()};
    auto passphrase = new_passphrase(path, options.passphrase_file);
    if (!passphrase) return std::unexpected{passphrase.error()};
    return replace_file(path, key_file_text(*key, std::move(*passphrase)).text(), 0600);
}

Outcome decrypt(const Options& options) {
    const Folder folder{options.folder};
    const auto path = folder.file(options.file);
    auto stored = read_key(path);
    if (!stored) return std::unexpected{stored.error()};
    if (std::holds_alternative<NodeKey>(*stored)) {
        return failed(path + " is not encrypted");
    }
    const auto lock = lock_folder(folder);
    if (!lock) return std::unexpected{lock.error()};
    const auto key = unlock(path, std::move(*stored), options.passphrase_file);
    if (!key) return std::unexpected{key.error()};
    return replace_file(path, key_file_text(*key, {}).text(), 0600);
}

/// One subcommand; all take the same options.
CLI::App* add(CLI::App& app, Chosen& chosen, const std::string& name, const std::string& brief,
              const char* description, const char* footer, Outcome (*action)(const Options&)) {
    auto* command = add_command(app, name, brief, description);
    command->footer(footer);
    auto options = std::make_shared<Options>();
    add_folder(*command, options->folder);
    command->add_option("--file", options->file, "The name of the key file in DIR")
        ->type_name("NAME")
        ->capture_default_str();
    add_passphrase_file(*command, options->passphrase_file);
    if (action == &show) {
        auto* alone = command->add_option_group("alone");
        alone->add_flag("--id", options->id_alone, "Print the node ID alone");
        alone->add_flag("--address", options->address_alone, "Print the address alone");
        alone->add_flag("--json", options->json,
                        "Print {\"id\", \"address\", \"encrypted\", \"kdf\"}");
        alone->require_option(0, 1);
    }
    if (action == &make) {
        command->add_flag("--encrypt", options->encrypt,
                          "Encrypt it with a passphrase, asked for on the terminal");
    }
    command->callback([=, &chosen] { chosen = [=] { return action(*options); }; });
    return command;
}

}  // namespace

void add_key(CLI::App& app, Chosen& chosen) {
    auto* key = add_command(app, "key", "make, show, encrypt or decrypt a node's key",
                            "Its commands are new, show, encrypt and decrypt.");
    key->require_subcommand(1);
    add(*key, chosen, "new", "make a key alone, before there is a node", new_description,
        new_footer, &make);
    add(*key, chosen, "show", "print whose key it is and how it is kept", show_description,
        show_footer, &show);
    add(*key, chosen, "encrypt", "encrypt it with a passphrase", encrypt_description,
        encrypt_footer, &encrypt);
    add(*key, chosen, "decrypt", "keep it without a passphrase", decrypt_description,
        decrypt_footer, &decrypt);
}

}  // namespace parley::app
