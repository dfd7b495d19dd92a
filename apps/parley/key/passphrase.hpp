// Passphrases of key files: from a file, or asked for on a terminal that does not show them. They
// are bytes, taken as they are: no other form of the same letters fits.
#pragma once

#include "command.hpp"
#include <parley/base/secret_bytes.hpp>

#include <string>

namespace parley::app {

/// The passphrase in `file`, or, if that is empty, what is typed for `key_path`.
Result<SecretBytes, Failure> passphrase_of(const std::string& key_path, const std::string& file);
/// As above, for a key that is to be encrypted: typed twice.
Result<SecretBytes, Failure> new_passphrase(const std::string& key_path, const std::string& file);

/// --passphrase-file.
CLI::Option* add_passphrase_file(CLI::App& command, std::string& file);

}  // namespace parley::app
