#include "folder.hpp"
#include "key/passphrase.hpp"
#include "key/terminal.hpp"

#include <fmt/format.h>

#include <utility>

namespace parley::app {

namespace {

constexpr std::size_t passphrase_bytes_max = 1024;

/// One line, whose end is not part of it.
Result<SecretBytes, Failure> read_passphrase(const std::string& path) {
    auto text = read_secret_file(path, passphrase_bytes_max + 2);
    if (!text) return text;
    if (text->text().ends_with('\n')) text->truncate(text->size() - 1);
    if (text->text().ends_with('\r')) text->truncate(text->size() - 1);
    if (text->empty()) return failed(fmt::format("{} holds no passphrase", path));
    if (text->text().find('\n') != std::string_view::npos) {
        return failed(fmt::format("{} has more than one line", path));
    }
    return text;
}

Result<SecretBytes, Failure> ask(const std::string& prompt, const std::string& key_path) {
    if (!stdin_is_terminal()) {
        return failed(fmt::format(
            "{}: standard input is no terminal to ask for its passphrase; see --passphrase-file",
            key_path));
    }
    return read_hidden_line(prompt, passphrase_bytes_max);
}

}  // namespace

Result<SecretBytes, Failure> passphrase_of(const std::string& key_path, const std::string& file) {
    if (!file.empty()) return read_passphrase(file);
    return ask(fmt::format("Passphrase of {}: ", key_path), key_path);
}

Result<SecretBytes, Failure> new_passphrase(const std::string& key_path, const std::string& file) {
    if (!file.empty()) return read_passphrase(file);
    auto first = ask(fmt::format("New passphrase of {}: ", key_path), key_path);
    if (!first) return first;
    if (first->empty()) return failed("the passphrase is empty");
    const auto second = ask("The same again: ", key_path);
    if (!second) return std::unexpected{second.error()};
    if (first->text() != second->text()) return failed("the two passphrases differ");
    return first;
}

CLI::Option* add_passphrase_file(CLI::App& command, std::string& file) {
    return command
        .add_option("--passphrase-file", file,
                    "A file with the key's passphrase, one line; without it\nthe terminal is asked")
        ->type_name("FILE");
}

}  // namespace parley::app
